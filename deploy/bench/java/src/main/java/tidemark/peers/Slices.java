// The slice values of the car dealer's set as small numbers: 0 is the total, then the values of each dimension.
package tidemark.peers;

import java.util.HashMap;
import java.util.Map;

final class Slices {
    /** By number; the total has no name. The open dimension `device` has the values of the generator. */
    private static final String[] NAMES = {
        "",
        "channel=app", "channel=web", "channel=call_centre", "channel=$other",
        "segment=private", "segment=family", "segment=fleet", "segment=vip", "segment=$other",
        "device=android", "device=ios", "device=desktop", "device=tablet", "device=tv", "device=other",
        "purchases=none", "purchases=one", "purchases=repeat", "purchases=$other",
    };
    static final int TOTAL = 0;
    static final int COUNT = NAMES.length;
    static final Slices CHANNEL = new Slices("channel=");
    static final Slices SEGMENT = new Slices("segment=");
    static final Slices DEVICE = new Slices("device=");
    static final Slices PURCHASES = new Slices("purchases=");

    private final String dimension;
    private final Map<String, Integer> numbers = new HashMap<>();
    private final int other;

    private Slices(String dimension) {
        this.dimension = dimension;
        int otherNumber = -1;
        for (int number = 1; number < NAMES.length; number++) {
            if (!NAMES[number].startsWith(dimension)) continue;
            String value = NAMES[number].substring(dimension.length());
            if (value.equals("$other")) otherNumber = number;
            else numbers.put(value, number);
        }
        other = otherNumber;
    }

    /** Throws for a value that an open dimension does not know here: it would be counted as something else. */
    int numberOf(String value) {
        Integer number = numbers.get(value);
        if (number != null) return number;
        if (other < 0) throw new IllegalArgumentException(dimension + value + " is no value of the generator; add it to Slices.java");
        return other;
    }

    static String name(int number) {
        return NAMES[number];
    }
}
