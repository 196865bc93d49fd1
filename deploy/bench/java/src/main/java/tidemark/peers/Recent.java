// The last 2^20 accepted message ids of a partition, as 64-bit hashes: what is among them is a duplicate.
package tidemark.peers;

final class Recent {
    private static final int WINDOW = 1 << 20;
    private static final int SLOTS = WINDOW * 2;

    private final long[] order = new long[WINDOW];
    /** Linear probing; 0 is an empty slot. */
    private final long[] slots = new long[SLOTS];
    private int count;
    private int oldest;

    /** False when the id is among them. */
    boolean accept(long id) {
        long hash = id == 0 ? 1 : id;
        int at = slotOf(hash);
        for (; slots[at] != 0; at = (at + 1) & (SLOTS - 1)) if (slots[at] == hash) return false;
        slots[at] = hash;
        if (count < WINDOW) {
            order[count++] = hash;
        } else {
            remove(order[oldest]);
            order[oldest] = hash;
            oldest = (oldest + 1) & (WINDOW - 1);
        }
        return true;
    }

    /** Moves back what was pushed on by the removed one. */
    private void remove(long hash) {
        int hole = slotOf(hash);
        while (slots[hole] != hash) hole = (hole + 1) & (SLOTS - 1);
        for (int at = (hole + 1) & (SLOTS - 1); slots[at] != 0; at = (at + 1) & (SLOTS - 1)) {
            int home = slotOf(slots[at]);
            if (((at - home) & (SLOTS - 1)) < ((at - hole) & (SLOTS - 1))) continue;
            slots[hole] = slots[at];
            hole = at;
        }
        slots[hole] = 0;
    }

    private static int slotOf(long hash) {
        return (int) ((hash * 0x9e3779b97f4a7c15L) >>> 43) & (SLOTS - 1);
    }
}
