// What the benchmark hands to a peer, and the lines by which the peer answers.
package tidemark.peers;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** One run of a peer: the topic of so many events, and how many of them warm the machine before the count begins. */
record Run(String brokers, String topic, String group, long events, long warmEvents, Path folder) {
    static final long LATENESS_MS = 7 * Days.DAY_MS;

    /** What the process has used so far: CPU of user and system, time, and time of garbage collection. */
    record Usage(long cpuNs, long wallNs, long collectionMs) {
        static Usage now() {
            OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            long collectionMs =
                ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
            return new Usage(system.getProcessCpuTime(), System.nanoTime(), collectionMs);
        }
    }

    static Run ofEnvironment() {
        return new Run(text("BENCH_BROKERS"), text("BENCH_TOPIC"), text("BENCH_GROUP"), number("BENCH_EVENTS"), number("BENCH_WARM_EVENTS"),
            Path.of(text("BENCH_FOLDER")));
    }

    private static String text(String name) {
        String value = System.getenv(name);
        if (value == null) throw new IllegalStateException(name + " is missing; the peers are started by npm run bench -- peers");
        return value;
    }

    private static long number(String name) {
        return Long.parseLong(text(name));
    }

    Path figuresFile() {
        return folder.resolve("figures.json");
    }

    /** From here on counts what the process uses; the garbage of the warm-up is gone before. */
    static Usage begin() {
        System.gc();
        return Usage.now();
    }

    /** Until here; what comes after the line is no work of the run. */
    static void end(long records, Usage before) {
        Usage after = Usage.now();
        System.out.printf("caught up {\"records\":%d,\"cpuNs\":%d,\"wallNs\":%d,\"collectionMs\":%d,\"peakRssKib\":%d}%n", records,
            after.cpuNs - before.cpuNs, after.wallNs - before.wallNs, after.collectionMs - before.collectionMs, peakRssKib());
    }

    /** 0 where the system does not tell. */
    private static long peakRssKib() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0);
        } catch (IOException error) {
            return 0;
        }
    }
}
