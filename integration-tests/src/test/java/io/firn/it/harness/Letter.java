package io.firn.it.harness;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * What of a record must come back as it was sent, in a form that can be compared and shown. Immutable.
 *
 * @param key hex, {@code "-"} for none
 * @param headers name, equals sign, hex, in their order
 */
public record Letter(long timestamp, String key, String value, List<String> headers) {

    /** Compares but does not print megabytes. */
    @Override
    public String toString() {
        return "Letter[" + timestamp + ", " + brief(key) + ", " + brief(value) + ", " + headers.size() + " headers]";
    }

    private static String brief(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…" + text.length() + "#" + text.hashCode();
    }

    public static Letter of(ConsumerRecord<byte[], byte[]> record) {
        return new Letter(record.timestamp(), hex(record.key()), hex(record.value()), headers(record.headers()));
    }

    public static Letter of(ProducerRecord<byte[], byte[]> record) {
        return new Letter(record.timestamp(), hex(record.key()), hex(record.value()), headers(record.headers()));
    }

    private static List<String> headers(Headers headers) {
        List<String> texts = new ArrayList<>();
        for (Header header : headers) {
            texts.add(header.key() + "=" + hex(header.value()));
        }
        return texts;
    }

    private static String hex(byte[] bytes) {
        return bytes == null ? "-" : HexFormat.of().formatHex(bytes);
    }

    /** A record as a chance: keys, values and headers of all kinds, empty and null ones too. */
    public static ProducerRecord<byte[], byte[]> random(Random random, TopicPartition to, long timestamp, int valueBytes) {
        Headers headers = new RecordHeaders();
        for (int i = random.nextInt(4) - 1; i > 0; i--) {
            headers.add("h" + random.nextInt(10), random.nextInt(5) == 0 ? null : bytes(random, random.nextInt(20)));
        }
        byte[] key = random.nextInt(3) == 0 ? null : bytes(random, random.nextInt(20));
        byte[] value = random.nextInt(50) == 0 ? null : text(random, valueBytes);
        return new ProducerRecord<>(to.topic(), to.partition(), timestamp, key, value, headers);
    }

    private static byte[] bytes(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Compressible, but not to nothing. */
    private static byte[] text(Random random, int count) {
        byte[] bytes = new byte[count];
        byte[] word = Long.toString(random.nextLong(), 36).getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at < count; at += word.length) {
            if (random.nextInt(3) == 0) {
                word = Arrays.copyOf(Long.toString(random.nextLong(), 36).getBytes(StandardCharsets.US_ASCII), word.length);
            }
            System.arraycopy(word, 0, bytes, at, Math.min(word.length, count - at));
        }
        return bytes;
    }
}
