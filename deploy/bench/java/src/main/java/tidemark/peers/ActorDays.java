// What Kafka Streams keeps of one actor: by slice the days with any event and the days with an opened cabinet, as bits back from the latest day.
package tidemark.peers;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

final class ActorDays {
    /** Told of every figure that an event changes. */
    interface Changes {
        void add(String metric, int slice, int day, int column);
    }

    private static final int COLUMNS = 30;
    private static final int BITS = 64;
    private static final int HEADER_BYTES = Integer.BYTES * 2 + Long.BYTES + 1;
    private static final int SLICE_BYTES = 1 + 2 * Long.BYTES;

    /** Bit 0 of all days. */
    private int latestDay;
    private int latestWeek;
    private long engagedWeeks;
    private final long[] active = new long[Slices.COUNT];
    private final long[] opened = new long[Slices.COUNT];

    /** True when the event changed anything. */
    boolean apply(Event event, Changes changes) {
        int day = Days.dayOf(event.timeMs);
        boolean isChanged = moveTo(day);
        int back = latestDay - day;
        if (back >= BITS) return isChanged;
        long bit = 1L << back;
        int[] slices = {Slices.TOTAL, event.channel, event.segment, event.device, event.purchases};
        for (int slice : slices) {
            if ((active[slice] & bit) != 0) continue;
            active[slice] |= bit;
            changes.add("active_customers", slice, day, 0);
            isChanged = true;
        }
        if (event.isEngaged()) isChanged |= applyEngaged(Days.weekOf(day), changes);
        if (event.isOpened()) isChanged |= applyOpened(day, bit, slices, changes);
        return isChanged;
    }

    private boolean applyEngaged(int week, Changes changes) {
        if (week > latestWeek) {
            engagedWeeks = shifted(engagedWeeks, week - latestWeek);
            latestWeek = week;
        }
        int back = latestWeek - week;
        if (back >= BITS || (engagedWeeks & (1L << back)) != 0) return false;
        engagedWeeks |= 1L << back;
        changes.add("engaged_customers", Slices.TOTAL, Days.firstDayOf(week), 0);
        return true;
    }

    private boolean applyOpened(int day, long bit, int[] slices, Changes changes) {
        boolean isChanged = false;
        if ((opened[Slices.TOTAL] & bit) == 0) {
            isChanged = true;
            // A return for every cohort of the 30 days before.
            for (int slice = 0; slice < Slices.COUNT; slice++)
                for (int column = 1; column <= COLUMNS; column++)
                    if (isSet(opened[slice], latestDay - day + column)) changes.add("cabinet_retention", slice, day - column, column);
        }
        long returns = opened[Slices.TOTAL];
        for (int slice : slices) {
            if ((opened[slice] & bit) != 0) continue;
            isChanged = true;
            opened[slice] |= bit;
            changes.add("cabinet_retention", slice, day, 0);
            for (int column = 1; column <= COLUMNS; column++)
                if (isSet(returns, latestDay - day - column)) changes.add("cabinet_retention", slice, day, column);
        }
        return isChanged;
    }

    private boolean moveTo(int day) {
        if (day <= latestDay) return false;
        int by = day - latestDay;
        for (int slice = 0; slice < Slices.COUNT; slice++) {
            active[slice] = shifted(active[slice], by);
            opened[slice] = shifted(opened[slice], by);
        }
        latestDay = day;
        return true;
    }

    private static long shifted(long bits, int by) {
        return by >= BITS ? 0 : bits << by;
    }

    private static boolean isSet(long bits, int back) {
        return back >= 0 && back < BITS && (bits & (1L << back)) != 0;
    }

    static Serde<ActorDays> serde() {
        Serializer<ActorDays> serializer = (topic, actor) -> actor == null ? null : actor.toBytes();
        Deserializer<ActorDays> deserializer = (topic, bytes) -> bytes == null ? null : ofBytes(bytes);
        return Serdes.serdeFrom(serializer, deserializer);
    }

    /** Only the slices that the actor has been seen in. */
    private byte[] toBytes() {
        int count = 0;
        for (int slice = 0; slice < Slices.COUNT; slice++) if ((active[slice] | opened[slice]) != 0) count++;
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + count * SLICE_BYTES);
        bytes.putInt(latestDay).putInt(latestWeek).putLong(engagedWeeks).put((byte) count);
        for (int slice = 0; slice < Slices.COUNT; slice++)
            if ((active[slice] | opened[slice]) != 0) bytes.put((byte) slice).putLong(active[slice]).putLong(opened[slice]);
        return bytes.array();
    }

    private static ActorDays ofBytes(byte[] array) {
        ByteBuffer bytes = ByteBuffer.wrap(array);
        ActorDays actor = new ActorDays();
        actor.latestDay = bytes.getInt();
        actor.latestWeek = bytes.getInt();
        actor.engagedWeeks = bytes.getLong();
        for (int left = bytes.get(); left > 0; left--) {
            int slice = bytes.get();
            actor.active[slice] = bytes.getLong();
            actor.opened[slice] = bytes.getLong();
        }
        return actor;
    }
}
