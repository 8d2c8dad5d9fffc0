package io.firn.it.streams;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * A Streams application with two parts, run in a process of its own: words counted in a state store, behind a repartition; and two streams joined in a window. Nothing is cached, so that each input has exactly
 * one output. Ends with exit code 1 when Streams gives up.
 */
public final class StreamsApp {

    static final String WORDS = "words";
    static final String COUNTS = "counts";
    static final String LEFT = "left";
    static final String RIGHT = "right";
    static final String JOINED = "joined";

    private StreamsApp() {}

    /** @param arguments bootstrap address, application id, state directory, group protocol */
    public static void main(String[] arguments) throws InterruptedException {
        KafkaStreams streams = new KafkaStreams(topology(), settings(arguments[0], arguments[1], arguments[2], arguments[3]));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            System.out.println("state " + now);
            if (now == KafkaStreams.State.ERROR || now == KafkaStreams.State.NOT_RUNNING) {
                ended.countDown();
            }
        });
        streams.setUncaughtExceptionHandler(failure -> {
            failure.printStackTrace();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(30))));
        streams.start();
        ended.await();
        Runtime.getRuntime().halt(1);
    }

    private static Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> words = builder.stream(WORDS);
        words.groupBy((key, word) -> word).count().toStream().to(COUNTS, Produced.with(Serdes.String(), Serdes.Long()));
        KStream<String, String> left = builder.stream(LEFT);
        KStream<String, String> right = builder.stream(RIGHT);
        left.join(right, (one, other) -> one + "+" + other, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(10)), StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()))
                .to(JOINED);
        return builder.build();
    }

    private static Properties settings(String bootstrap, String application, String state, String protocol) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("application.id", application);
        settings.put("state.dir", state);
        settings.put("group.protocol", protocol);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("commit.interval.ms", "100");
        settings.put("statestore.cache.max.bytes", "0");
        settings.put("replication.factor", "1");
        settings.put("default.key.serde", Serdes.StringSerde.class.getName());
        settings.put("default.value.serde", Serdes.StringSerde.class.getName());
        settings.put("consumer.session.timeout.ms", "6000");
        settings.put("consumer.heartbeat.interval.ms", "500");
        settings.put("consumer.auto.offset.reset", "earliest");
        settings.put("reconnect.backoff.max.ms", "200");
        if (protocol.equals("streams")) {
            // The broker gives both to members of streams groups.
            settings.remove("consumer.session.timeout.ms");
            settings.remove("consumer.heartbeat.interval.ms");
        }
        return settings;
    }
}
