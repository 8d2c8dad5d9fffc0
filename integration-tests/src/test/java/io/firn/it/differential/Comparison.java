package io.firn.it.differential;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/**
 * Compares the two answers to one request. What each broker decides for itself is left out (addresses, clocks, throttling); ids are compared by way of {@link Twins}; elements of arrays are lined up by
 * what they are about, so that the order brokers answer in does not matter. For one thread.
 */
final class Comparison {

    private static final Set<String> OWN = Set.of("throttle_time_ms", "host", "port", "log_append_time_ms", "client_host", "transaction_start_time_ms", "last_timestamp", "total_bytes", "usable_bytes",
            "last_fetch_timestamp", "last_caught_up_timestamp", "push_interval_ms");
    private static final List<String> KEYS = List.of("key", "resource_type", "resource_name", "name", "topic", "topic_name", "topic_id", "group_id", "transactional_id", "partition_index", "partition", "index",
            "partition_id", "user", "entity_type", "entity_name", "feature", "mechanism", "node_id", "broker_id", "member_id", "api_key", "producer_id", "log_dir", "replica_id", "subtopology_id");

    private final Call call;
    private final Twins twins;
    private final List<Difference> found = new ArrayList<>();

    private Comparison(Call call, Twins twins) {
        this.call = call;
        this.twins = twins;
    }

    static List<Difference> of(Call call, Answer firn, Answer kafka, Twins twins) {
        Comparison comparison = new Comparison(call, twins);
        if (firn.body().isPresent() && kafka.body().isPresent()) {
            comparison.structs("", firn.body().get(), kafka.body().get());
        } else if (!firn.end().equals(kafka.end())) {
            comparison.differ("", firn, kafka);
        }
        return comparison.found;
    }

    private void differ(String path, Object firn, Object kafka) {
        found.add(new Difference(call, path, firn, kafka));
    }

    private void structs(String path, Struct firn, Struct kafka) {
        for (BoundField field : kafka.schema().fields()) {
            if (field.def.type instanceof TaggedFields tags) {
                tagged(path, tags, (NavigableMap<?, ?>) firn.get(field), (NavigableMap<?, ?>) kafka.get(field));
            } else {
                values(path.isEmpty() ? field.def.name : path + "." + field.def.name, field.def, firn.get(field), kafka.get(field));
            }
        }
    }

    private void tagged(String path, TaggedFields tags, NavigableMap<?, ?> firn, NavigableMap<?, ?> kafka) {
        for (Map.Entry<Integer, Field> tag : tags.fields().entrySet()) {
            Object ours = firn.get(tag.getKey());
            Object theirs = kafka.get(tag.getKey());
            values(path + (path.isEmpty() ? "" : ".") + tag.getValue().name, tag.getValue(), ours, theirs);
        }
    }

    private void values(String path, Field field, Object firn, Object kafka) {
        if (OWN.contains(field.name)) {
            return;
        }
        if (firn == null || kafka == null) {
            if (firn != kafka) {
                differ(path, firn, kafka);
            }
        } else if (firn instanceof Struct ours) {
            structs(path, ours, (Struct) kafka);
        } else if (firn instanceof Object[] ours) {
            arrays(path, field, ours, (Object[]) kafka);
        } else if (firn instanceof MemoryRecords ours) {
            records(path, ours, (MemoryRecords) kafka);
        } else if (Twins.carries(field.name)) {
            if (!twins.same(field.name, firn, kafka)) {
                differ(path, firn, kafka);
            }
        } else if (!firn.equals(kafka)) {
            differ(path, firn, kafka);
        }
    }

    private void arrays(String path, Field field, Object[] firn, Object[] kafka) {
        Type element = field.type.arrayElementType().orElseThrow();
        if (!(element instanceof Schema)) {
            if (!sorted(firn).equals(sorted(kafka))) {
                differ(path, firn, kafka);
            }
            return;
        }
        Map<String, Struct> ours = byKey(firn, Side.FIRN);
        Map<String, Struct> theirs = byKey(kafka, Side.KAFKA);
        Set<String> all = new TreeSet<>(ours.keySet());
        all.addAll(theirs.keySet());
        if (ours.size() == theirs.size() && !ours.keySet().equals(theirs.keySet()) && namedByIds((Schema) element)) {
            inOrder(path, new ArrayList<>(ours.values()), new ArrayList<>(theirs.values()));
            return;
        }
        for (String key : all) {
            Struct one = ours.get(key);
            Struct other = theirs.get(key);
            if (one == null || other == null) {
                differ(path + "[" + key + "]", one == null ? Difference.ABSENT : one, other == null ? Difference.ABSENT : other);
            } else {
                structs(path + "[" + key + "]", one, other);
            }
        }
    }

    private static boolean namedByIds(Schema element) {
        return KEYS.stream().filter(name -> element.get(name) != null).findFirst().map(Twins::carries).orElse(true);
    }

    /** Elements whose ids were not met before: only their order says which is which. */
    private void inOrder(String path, List<Struct> firn, List<Struct> kafka) {
        for (int i = 0; i < firn.size(); i++) {
            structs(path + "[" + i + "]", firn.get(i), kafka.get(i));
        }
    }

    private static List<String> sorted(Object[] values) {
        return Arrays.stream(values).map(Readable::text).sorted().toList();
    }

    private Map<String, Struct> byKey(Object[] elements, Side side) {
        Map<String, Struct> keyed = new LinkedHashMap<>();
        for (Object element : elements) {
            Struct struct = (Struct) element;
            StringBuilder key = new StringBuilder();
            for (String name : KEYS) {
                boolean named = Twins.carries(name) && !key.isEmpty();
                if (struct.hasField(name) && struct.get(name) != null && !named) {
                    key.append(key.isEmpty() ? "" : "/").append(twins.kafkaName(name, struct.get(name), side));
                }
            }
            if (struct.hasField("entity")) {
                key.append(sorted(struct.getArray("entity")));
            }
            int same = 0;
            while (keyed.containsKey(key + "#" + same)) {
                same++;
            }
            keyed.put(key + "#" + same, struct);
        }
        return keyed;
    }

    private void records(String path, MemoryRecords firn, MemoryRecords kafka) {
        List<MutableRecordBatch> ours = batches(firn);
        List<MutableRecordBatch> theirs = batches(kafka);
        if (ours.size() != theirs.size()) {
            differ(path, firn, kafka);
            return;
        }
        for (int i = 0; i < ours.size(); i++) {
            Map<String, Object> one = facts(ours.get(i));
            Map<String, Object> other = facts(theirs.get(i));
            String below = path + "[" + i + "].";
            other.forEach((fact, value) -> {
                boolean same = fact.equals("producer_id") ? twins.same(fact, one.get(fact), value) : Objects.equals(one.get(fact), value);
                if (!same) {
                    differ(below + fact, one.get(fact), value);
                }
            });
        }
    }

    private static List<MutableRecordBatch> batches(MemoryRecords records) {
        List<MutableRecordBatch> batches = new ArrayList<>();
        records.batches().forEach(batches::add);
        return batches;
    }

    private static Map<String, Object> facts(MutableRecordBatch batch) {
        boolean own = batch.timestampType() == TimestampType.LOG_APPEND_TIME || batch.isControlBatch();
        Map<String, Object> facts = new TreeMap<>();
        facts.put("valid", batch.isValid());
        facts.put("base_offset", batch.baseOffset());
        facts.put("last_offset", batch.lastOffset());
        facts.put("leader_epoch", batch.partitionLeaderEpoch());
        facts.put("compression", batch.compressionType());
        facts.put("timestamp_type", batch.timestampType());
        facts.put("max_timestamp", own ? "own" : batch.maxTimestamp());
        facts.put("producer_id", batch.producerId());
        facts.put("producer_epoch", batch.producerEpoch());
        facts.put("base_sequence", batch.baseSequence());
        facts.put("transactional", batch.isTransactional());
        facts.put("control", batch.isControlBatch());
        List<String> records = new ArrayList<>();
        for (Record record : batch) {
            records.add(record.offset() + "@" + (own ? "own" : record.timestamp()) + " " + text(record.key()) + "=" + text(record.value()));
        }
        facts.put("records", records);
        return facts;
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? null : bytes.remaining() + ":" + bytes.hashCode();
    }
}
