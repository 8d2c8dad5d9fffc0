package io.firn.it.harness;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A broker as a process that can be started, stopped, killed and started again over its data directory, at the same port. For one thread at a time, the test's. */
public sealed interface BrokerNode extends AutoCloseable permits FirnNode, KafkaNode {

    /** Starts it and waits until it serves. */
    BrokerNode start();

    /** Starts it and does not wait. */
    void begin();

    /** Environment variables of the processes started from now on, beside the usual ones. */
    void surround(Map<String, String> environment);

    /** Waits until a broker that was begun serves. */
    void awaitReady();

    /** Stops it cleanly and insists on it. */
    void stop();

    /** SIGKILL: none of its code runs any more once this returns. */
    void kill9();

    /** SIGSTOP: it does nothing, and its connections stay open. */
    void pause();

    /** SIGCONT. */
    void resume();

    boolean alive();

    long pid();

    String bootstrap();

    int kafkaPort();

    /** The file of what it printed over all its starts. */
    Path log();

    /** Everything it printed over all its starts. */
    String logText();

    /** Lines of its log of this level, such as {@code ERROR}. */
    List<String> logLines(String level);

    @Override
    void close();

    /**
     * The broker under test: Firn, or Apache Kafka when the tests run with {@code -Dfirn.it.broker=kafka}, which shows whether a test asks for more than Kafka gives.
     *
     * @param settings of Firn, as {@code --set} takes them; Kafka gets what {@link KafkaNode#like} makes of them
     */
    static BrokerNode underTest(Path data, Map<String, String> settings) {
        return System.getProperty("firn.it.broker", "firn").equals("kafka") ? KafkaNode.like(data, settings) : FirnNode.in(data, settings);
    }
}
