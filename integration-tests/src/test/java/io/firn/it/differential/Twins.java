package io.firn.it.differential;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/** Which of Firn's made-up ids is which of Kafka's, one to one, learned from answers. Mutable; for one thread. */
final class Twins {

    /** Kinds of ids a broker makes up, and the fields that carry them. */
    private static final Map<String, String> KINDS = Map.ofEntries(Map.entry("topic_id", "topic"), Map.entry("member_id", "member"), Map.entry("leader", "member"), Map.entry("producer_id", "producer"),
            Map.entry("session_id", "session"), Map.entry("cluster_id", "cluster"), Map.entry("ongoing_txn_producer_id", "producer"), Map.entry("client_instance_id", "telemetry"),
            Map.entry("subscription_id", "subscription"), Map.entry("log_dir", "directory"), Map.entry("replica_directory_id", "directory"));

    private final Map<String, Map<Object, Object>> kafkaOf = new HashMap<>();
    private final Map<String, Map<Object, Object>> firnOf = new HashMap<>();

    static boolean carries(String field) {
        return KINDS.containsKey(field);
    }

    /** Whether the two may be the same thing; if neither was met before, they are from now on. Values that say "none" stand for themselves. */
    boolean same(String field, Object firn, Object kafka) {
        if (none(firn) || none(kafka)) {
            return firn.equals(kafka);
        }
        String kind = KINDS.get(field);
        Map<Object, Object> there = kafkaOf.computeIfAbsent(kind, any -> new HashMap<>());
        Map<Object, Object> back = firnOf.computeIfAbsent(kind, any -> new HashMap<>());
        if (!there.containsKey(firn) && !back.containsKey(kafka)) {
            there.put(firn, kafka);
            back.put(kafka, firn);
        }
        return kafka.equals(there.get(firn)) && firn.equals(back.get(kafka));
    }

    private static boolean none(Object value) {
        return value.equals(Uuid.ZERO_UUID) || value.equals("") || value.equals(-1L) || value.equals(0) || value.equals(-1);
    }

    /** Kafka's name for a thing, whichever side names it: to line up elements of arrays. */
    Object kafkaName(String field, Object value, Side side) {
        return side == Side.KAFKA || !carries(field) ? value : kafkaOf.getOrDefault(KINDS.get(field), Map.of()).getOrDefault(value, value);
    }
}
