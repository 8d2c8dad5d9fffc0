package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Leader epochs by the offset they begin at, from the text of Kafka's {@code leader-epoch-checkpoint}:
 *
 * <pre>
 *   0                          version
 *   2                          number of entries
 *   0 0                        epoch, start offset
 *   3 1000
 * </pre>
 */
record LeaderEpochs(TreeMap<Long, Integer> byStart) {

    static LeaderEpochs parse(String text) {
        try {
            String[] lines = text.strip().split("\\R");
            int count = Integer.parseInt(lines[1].strip());
            if (!lines[0].strip().equals("0") || lines.length != count + 2) {
                throw new IllegalArgumentException("version " + lines[0] + ", " + (lines.length - 2) + " of " + count + " entries");
            }
            TreeMap<Long, Integer> byStart = new TreeMap<>();
            for (int i = 2; i < lines.length; i++) {
                String[] entry = lines[i].strip().split("\\s+");
                byStart.put(Long.parseLong(entry[1]), Integer.parseInt(entry[0]));
            }
            return new LeaderEpochs(byStart);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new ColdStoreException.Corrupt("Leader epochs of a segment", e);
        }
    }

    OptionalInt at(long offset) {
        Map.Entry<Long, Integer> entry = byStart.floorEntry(offset);
        return entry == null ? OptionalInt.empty() : OptionalInt.of(entry.getValue());
    }
}
