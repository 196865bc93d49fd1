// Instants and the local days and weeks of the dealer's time zone.
package tidemark.peers;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.zone.ZoneRules;

final class Days {
    static final long DAY_MS = 86_400_000;
    private static final ZoneRules RULES = ZoneId.of("Asia/Yerevan").getRules();
    /** The zone has known no change since 2012, which lets a day be a division. */
    private static final long OFFSET_MS = RULES.getOffset(Instant.parse("2012-06-01T00:00:00Z")).getTotalSeconds() * 1000L;

    static {
        if (RULES.nextTransition(Instant.parse("2012-06-01T00:00:00Z")) != null)
            throw new IllegalStateException("Asia/Yerevan changes its offset again; Days.java must ask the rules for each instant");
    }

    private Days() {}

    /** Epoch day of the local date. */
    static int dayOf(long timeMs) {
        return (int) Math.floorDiv(timeMs + OFFSET_MS, DAY_MS);
    }

    /** Weeks since the Monday before 1970. */
    static int weekOf(int day) {
        return Math.floorDiv(day + 3, 7);
    }

    static int firstDayOf(int week) {
        return week * 7 - 3;
    }

    static String name(int day) {
        return LocalDate.ofEpochDay(day).toString();
    }

    /** Epoch ms of `2025-06-29T12:34:56.789Z`; any other form goes the library's way. */
    static long instant(char[] text, int from, int length) {
        if (length != 24 || text[from + 23] != 'Z' || text[from + 19] != '.')
            return Instant.parse(new String(text, from, length)).toEpochMilli();
        int year = number(text, from, 4);
        int month = number(text, from + 5, 2);
        int shifted = month > 2 ? year : year - 1;
        // Days from civil, for years after 0.
        int era = shifted / 400;
        int ofEra = shifted - era * 400;
        int ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + number(text, from + 8, 2) - 1;
        long day = era * 146_097L + ofEra * 365L + ofEra / 4 - ofEra / 100 + ofYear - 719_468;
        long seconds = number(text, from + 11, 2) * 3600L + number(text, from + 14, 2) * 60L + number(text, from + 17, 2);
        return day * DAY_MS + seconds * 1000 + number(text, from + 20, 3);
    }

    private static int number(char[] text, int from, int digits) {
        int value = 0;
        for (int at = from; at < from + digits; at++) value = value * 10 + text[at] - '0';
        return value;
    }
}
