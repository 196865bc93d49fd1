// The figures of a run under the names that all peers share: `metric|slice|bucket|column` and an integer.
package tidemark.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

final class Figures {
    private final Map<String, Long> values = new TreeMap<>();

    void add(String name, long value) {
        if (value != 0) values.merge(name, value, Long::sum);
    }

    static String name(String metric, int slice, int day, Object column) {
        return metric + '|' + Slices.name(slice) + '|' + Days.name(day) + '|' + column;
    }

    /** One JSON object; no name holds a quote or a backslash. */
    void write(Path file) {
        String body = values.entrySet().stream().map(each -> '"' + each.getKey() + "\":" + each.getValue()).collect(Collectors.joining(",\n"));
        try {
            Files.writeString(file, "{" + body + "}\n");
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
