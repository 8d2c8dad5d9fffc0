package io.firn.it.differential;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.utils.Utils;

/** Answers as text for people. */
final class Readable {

    private static final int LONGEST_BYTES = 40;

    private Readable() {}

    static String text(Object value) {
        if (value instanceof Struct struct) {
            return Arrays.stream(struct.schema().fields()).filter(field -> !Map.of().equals(struct.get(field))).map(field -> member(struct, field)).collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof Object[] array) {
            return Arrays.stream(array).map(Readable::text).collect(Collectors.joining(", ", "[", "]"));
        }
        if (value instanceof MemoryRecords records) {
            return batches(records).toString();
        }
        if (value instanceof ByteBuffer bytes) {
            byte[] all = Utils.toArray(bytes.duplicate());
            return all.length > LONGEST_BYTES ? all.length + " bytes" : Arrays.toString(all);
        }
        return String.valueOf(value);
    }

    private static String member(Struct struct, BoundField field) {
        return field.def.name + "=" + text(struct.get(field));
    }

    private static List<String> batches(MemoryRecords records) {
        List<String> texts = new ArrayList<>();
        for (MutableRecordBatch batch : records.batches()) {
            texts.add("batch " + batch.baseOffset() + "–" + batch.lastOffset() + " producer " + batch.producerId() + "/" + batch.producerEpoch() + "/" + batch.baseSequence()
                    + (batch.isControlBatch() ? " control" : "") + (batch.isTransactional() ? " transactional" : ""));
        }
        return texts;
    }
}
