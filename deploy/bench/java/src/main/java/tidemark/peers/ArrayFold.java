// The same figures folded in arrays: actors by number, days as bits from a first day on, and the bookings and offers as plain counts.
package tidemark.peers;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

final class ArrayFold {
    private static final int SPAN = 64;
    private static final int COLUMNS = 31;
    /** Nothing applied is older than the lateness, nor than a partition's first event by more than a day. */
    private static final int DAYS_BEFORE_FIRST = 16;
    private static final int[] NO_DEVICE = {Slices.TOTAL, 1, 2, 4};

    private final Map<String, Integer> numbers = new HashMap<>();
    private long[] active = new long[Slices.COUNT * 1024];
    private long[] opened = new long[Slices.COUNT * 1024];
    private long[] engagedWeeks = new long[1024];
    private final long[] activeCells = new long[Slices.COUNT * SPAN];
    private final long[] cohortCells = new long[Slices.COUNT * SPAN * COLUMNS];
    private final long[] engagedCells = new long[SPAN];
    private final long[] bookings = new long[Slices.COUNT * SPAN];
    private final long[] offersShown = new long[Slices.COUNT * SPAN];
    private final int[] slices = new int[5];
    private final Map<Integer, Recent> recent = new HashMap<>();
    private final Map<Integer, Long> clocks = new HashMap<>();
    private int firstDay = Integer.MIN_VALUE;
    private int firstWeek;

    void apply(int partition, Event event) {
        long clockMs = clocks.getOrDefault(partition, Long.MIN_VALUE / 2);
        if (event.timeMs < clockMs - Run.LATENESS_MS) return;
        if (!recent.computeIfAbsent(partition, number -> new Recent()).accept(event.messageHash)) return;
        if (event.timeMs > clockMs) clocks.put(partition, event.timeMs);
        if (event.isOfTheCabinet) count(event);
    }

    private void count(Event event) {
        int epochDay = Days.dayOf(event.timeMs);
        if (firstDay == Integer.MIN_VALUE) {
            firstDay = epochDay - DAYS_BEFORE_FIRST;
            firstWeek = Days.weekOf(firstDay);
        }
        int day = epochDay - firstDay;
        if (day < 0 || day >= SPAN) throw new IllegalStateException("the run spans more than " + SPAN + " days");
        int actor = numberOf(event.actor);
        slices[1] = event.channel;
        slices[2] = event.segment;
        slices[3] = event.device;
        slices[4] = event.purchases;
        countActive(actor, day);
        if (event.isEngaged()) countEngaged(actor, Days.weekOf(epochDay) - firstWeek);
        if (event.isOpened()) countOpened(actor, day);
        if (event.name.equals("Service Booked")) for (int index : NO_DEVICE) bookings[slices[index] * SPAN + day]++;
        if (event.name.equals("Offer Shown")) for (int slice : slices) offersShown[slice * SPAN + day]++;
    }

    private void countActive(int actor, int day) {
        long bit = 1L << day;
        for (int slice : slices) {
            int at = actor * Slices.COUNT + slice;
            if ((active[at] & bit) != 0) continue;
            active[at] |= bit;
            activeCells[slice * SPAN + day]++;
        }
    }

    private void countEngaged(int actor, int week) {
        long bit = 1L << week;
        if ((engagedWeeks[actor] & bit) != 0) return;
        engagedWeeks[actor] |= bit;
        engagedCells[week]++;
    }

    private void countOpened(int actor, int day) {
        long bit = 1L << day;
        int first = actor * Slices.COUNT;
        if ((opened[first] & bit) == 0)
            for (int slice = 0; slice < Slices.COUNT; slice++)
                for (int column = 1; column < COLUMNS && column <= day; column++)
                    if ((opened[first + slice] & (bit >>> column)) != 0) cohortCells[cell(slice, day - column, column)]++;
        for (int slice : slices) {
            if ((opened[first + slice] & bit) != 0) continue;
            opened[first + slice] |= bit;
            cohortCells[cell(slice, day, 0)]++;
            for (int column = 1; column < COLUMNS && day + column < SPAN; column++)
                if ((opened[first] & (bit << column)) != 0) cohortCells[cell(slice, day, column)]++;
        }
    }

    private static int cell(int slice, int day, int column) {
        return (slice * SPAN + day) * COLUMNS + column;
    }

    private int numberOf(String actor) {
        Integer known = numbers.get(actor);
        if (known != null) return known;
        int number = numbers.size();
        numbers.put(actor, number);
        if (number == engagedWeeks.length) {
            active = Arrays.copyOf(active, active.length * 2);
            opened = Arrays.copyOf(opened, opened.length * 2);
            engagedWeeks = Arrays.copyOf(engagedWeeks, number * 2);
        }
        return number;
    }

    Figures figures() {
        Figures figures = new Figures();
        for (int slice = 0; slice < Slices.COUNT; slice++) {
            for (int day = 0; day < SPAN; day++) {
                figures.add(Figures.name("active_customers", slice, firstDay + day, 0), activeCells[slice * SPAN + day]);
                figures.add(Figures.name("bookings", slice, firstDay + day, 0), bookings[slice * SPAN + day]);
                figures.add(Figures.name("offers_shown", slice, firstDay + day, 0), offersShown[slice * SPAN + day]);
                for (int column = 0; column < COLUMNS; column++)
                    figures.add(Figures.name("cabinet_retention", slice, firstDay + day, column), cohortCells[cell(slice, day, column)]);
            }
        }
        for (int week = 0; week < SPAN; week++)
            figures.add(Figures.name("engaged_customers", Slices.TOTAL, Days.firstDayOf(firstWeek + week), 0), engagedCells[week]);
        return figures;
    }
}
