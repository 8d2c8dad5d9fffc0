package io.firn.gateway.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.firn.cold.ColdRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** How {@code firn replay} writes records. Immutable. */
enum ReplayFormat {
    /** One JSON object a line. Keys and values that are UTF-8 as text, others in base64 under names that end in {@code Base64}. */
    json("jsonl") {
        @Override
        void write(int partition, ColdRecord record, OutputStream out) throws IOException {
            try (JsonGenerator json = JSON.createGenerator(out)) {
                json.writeStartObject();
                json.writeNumberField("partition", partition);
                json.writeNumberField("offset", record.offset());
                json.writeNumberField("timestamp", record.timestampMs());
                bytes(json, "key", record.key());
                bytes(json, "value", record.value());
                if (!record.headers().isEmpty()) {
                    json.writeArrayFieldStart("headers");
                    for (ColdRecord.Header header : record.headers()) {
                        json.writeStartObject();
                        json.writeStringField("name", header.name());
                        bytes(json, "value", header.value());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                }
                json.writeEndObject();
            }
            out.write('\n');
        }
    },
    /** The bytes of the value, then a line feed; nothing else of a record. */
    raw("raw") {
        @Override
        void write(int partition, ColdRecord record, OutputStream out) throws IOException {
            out.write(copy(record.value().orElseGet(() -> ByteBuffer.allocate(0))));
            out.write('\n');
        }
    };

    private static final JsonFactory JSON = JsonFactory.builder().disable(com.fasterxml.jackson.core.StreamWriteFeature.AUTO_CLOSE_TARGET)
            .disable(com.fasterxml.jackson.core.StreamWriteFeature.FLUSH_PASSED_TO_STREAM).build();

    private final String fileEnding;

    ReplayFormat(String fileEnding) {
        this.fileEnding = fileEnding;
    }

    String fileEnding() {
        return fileEnding;
    }

    abstract void write(int partition, ColdRecord record, OutputStream out) throws IOException;

    private static void bytes(JsonGenerator json, String name, Optional<ByteBuffer> value) throws IOException {
        if (value.isEmpty()) {
            json.writeNullField(name);
            return;
        }
        try {
            json.writeStringField(name, StandardCharsets.UTF_8.newDecoder().decode(value.get().duplicate()).toString());
        } catch (CharacterCodingException noText) {
            json.writeBinaryField(name + "Base64", copy(value.get()));
        }
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return copy;
    }
}
