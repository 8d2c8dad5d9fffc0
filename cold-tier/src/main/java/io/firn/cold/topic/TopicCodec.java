package io.firn.cold.topic;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopicDescription;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.Checksums;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;

/**
 * The bytes of a topic object. Big-endian; a text is an i32 length and so many bytes of UTF-8.
 *
 * <pre>
 *   0  8    "FIRNTOPI"
 *   8  i32  format version, 1
 *  12  i32  required features: a reader refuses bits it does not know; none so far
 *  16  16   topic id
 *  32  i64  number of this object
 *  40  i64  nonce, drawn by the writer: no two writers ever write the same bytes
 *  48  i64  written at, ms
 *  56  i64  version of the metadata that it is taken from
 *  64  i32  partitions
 *  68  text cluster id
 *   …  text name
 *   …  i32  configs, ascending by name, each: text name, text value
 *   …  i32  CRC32C of everything before
 * </pre>
 */
final class TopicCodec {

    private static final long MAGIC = 0x4649524E544F5049L; // FIRNTOPI
    private static final int VERSION = 1;
    private static final int FIXED_BYTES = 84;
    private static final int LEAST_CONFIG_BYTES = 8;

    private TopicCodec() {}

    /** @throws ColdStoreException.Misconfigured if it does not fit into a small object */
    static ByteBuffer encode(ColdTopicDescription topic, long number, long nonce, long writtenAtMs) {
        List<byte[]> texts = new ArrayList<>(List.of(utf8(topic.clusterId()), utf8(topic.name())));
        new TreeMap<>(topic.configs()).forEach((name, value) -> texts.addAll(List.of(utf8(name), utf8(value))));
        long size = FIXED_BYTES - 2 * Integer.BYTES + texts.stream().mapToLong(text -> Integer.BYTES + text.length).sum();
        if (size > ObjectStore.SMALL_OBJECT_LIMIT_BYTES) {
            throw new ColdStoreException.Misconfigured("The configs of topic " + topic.name() + " take " + size + " bytes", null);
        }
        ByteBuffer b = ByteBuffer.allocate((int) size);
        b.putLong(MAGIC).putInt(VERSION).putInt(0);
        b.putLong(topic.id().getMostSignificantBits()).putLong(topic.id().getLeastSignificantBits());
        b.putLong(number).putLong(nonce).putLong(writtenAtMs).putLong(topic.metadataVersion()).putInt(topic.partitions());
        put(b, texts.get(0));
        put(b, texts.get(1));
        b.putInt(topic.configs().size());
        texts.subList(2, texts.size()).forEach(text -> put(b, text));
        return b.putInt(Checksums.crc32c(b.duplicate().flip())).flip().asReadOnlyBuffer();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void put(ByteBuffer b, byte[] text) {
        b.putInt(text.length).put(text);
    }

    /**
     * @throws ColdStoreException.Corrupt if the bytes are not those of this topic's object of this number
     * @throws ColdStoreException.Misconfigured if a newer release wrote it
     */
    static ColdTopicDescription decode(Uuid id, long number, ByteBuffer bytes) {
        ByteBuffer b = bytes.slice();
        if (b.limit() < FIXED_BYTES || b.getLong() != MAGIC) {
            throw new ColdStoreException.Corrupt("Topic object of " + b.limit() + " bytes is none", null);
        }
        if (b.getInt(b.limit() - Integer.BYTES) != Checksums.crc32c(b.slice(0, b.limit() - Integer.BYTES))) {
            throw new ColdStoreException.Corrupt("Topic object fails its checksum", null);
        }
        int version = b.getInt();
        int features = b.getInt();
        if (version != VERSION || features != 0) {
            throw new ColdStoreException.Misconfigured("Topic object of version " + version + ", features " + features + " was written by a newer release", null);
        }
        try {
            return body(id, number, b.limit(b.limit() - Integer.BYTES));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Topic object breaks a rule of its format", e);
        }
    }

    private static ColdTopicDescription body(Uuid id, long number, ByteBuffer b) {
        Uuid found = new Uuid(b.getLong(), b.getLong());
        if (!found.equals(id) || b.getLong() != number) {
            throw new IllegalArgumentException("of topic " + found + ", not number " + number + " of " + id);
        }
        b.position(b.position() + 2 * Long.BYTES);
        long metadataVersion = b.getLong();
        int partitions = b.getInt();
        String clusterId = text(b);
        String name = text(b);
        Map<String, String> configs = configs(b);
        if (b.hasRemaining()) {
            throw new IllegalArgumentException(b.remaining() + " bytes left");
        }
        return new ColdTopicDescription(id, name, partitions, configs, clusterId, metadataVersion);
    }

    private static Map<String, String> configs(ByteBuffer b) {
        int count = b.getInt();
        if (count < 0 || count > b.remaining() / LEAST_CONFIG_BYTES) {
            throw new IllegalArgumentException(count + " configs in " + b.remaining() + " bytes");
        }
        Map<String, String> configs = new HashMap<>();
        for (int i = 0; i < count; i++) {
            configs.put(text(b), text(b));
        }
        return configs;
    }

    private static String text(ByteBuffer b) {
        int length = b.getInt();
        if (length < 0 || length > b.remaining()) {
            throw new IllegalArgumentException("text of " + length + " bytes in " + b.remaining());
        }
        byte[] bytes = new byte[length];
        b.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
