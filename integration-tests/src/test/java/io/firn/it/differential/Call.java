package io.firn.it.differential;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * A request before it is encoded for one side: structures are maps by field name, arrays lists, leaves values, {@link Twin}s or a {@link Batch}.
 *
 * @param version as sent, which may be one no broker serves
 * @param shape the version whose schema the body follows
 * @param cut bytes left off the end of the body
 */
record Call(ApiKeys api, short version, short shape, Map<String, Object> body, int cut) {

    static final String CLIENT_ID = "duel";

    /** The body's bytes as {@code side} gets them. */
    ByteBuffer encode(Side side) {
        Schema schema = api.messageType.requestSchemas()[shape];
        Struct struct = (Struct) of(schema, body, side);
        ByteBuffer buffer = ByteBuffer.allocate(schema.sizeOf(struct));
        schema.write(buffer, struct);
        buffer.flip();
        buffer.limit(Math.max(0, buffer.limit() - cut));
        return buffer;
    }

    private static Object of(Type type, Object value, Side side) {
        if (value == null) {
            return null;
        }
        if (type instanceof Schema schema) {
            return structOf(schema, (Map<?, ?>) value, side);
        }
        if (type.isArray()) {
            Type element = type.arrayElementType().orElseThrow();
            return ((List<?>) value).stream().map(each -> of(element, each, side)).toArray();
        }
        return value instanceof Batch batch ? batch.encode(side) : Twin.resolve(value, side);
    }

    private static Struct structOf(Schema schema, Map<?, ?> values, Side side) {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) {
            boolean tags = field.def.type instanceof TaggedFields;
            NavigableMap<Integer, Object> none = new TreeMap<>();
            struct.set(field, tags ? none : of(field.def.type, values.get(field.def.name), side));
        }
        return struct;
    }

    /** Whether the broker answers at all. */
    boolean answered() {
        return api != ApiKeys.PRODUCE || !Short.valueOf((short) 0).equals(body.get("acks"));
    }

    @Override
    public String toString() {
        return api.name + " v" + version + (shape == version ? "" : " (body of v" + shape + ")") + (cut > 0 ? " cut by " + cut : "") + " " + body;
    }
}
