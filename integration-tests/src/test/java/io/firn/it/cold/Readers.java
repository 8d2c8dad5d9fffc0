package io.firn.it.cold;

import io.firn.it.harness.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Several that read at the same time, each again and again, until they are told to stop.
 *
 * <p>Threading: each has a thread of its own; the methods are for the test's.
 */
final class Readers implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<AtomicInteger> readings = new ArrayList<>();
    private final List<Future<Void>> readers = new ArrayList<>();
    private volatile boolean stopping;

    private Readers() {}

    /** @param reading one from beginning to end; what it throws ends its reader, and fails whoever waits for it */
    static Readers start(int count, Callable<?> reading) {
        Readers readers = new Readers();
        for (int i = 0; i < count; i++) {
            AtomicInteger done = new AtomicInteger();
            readers.readings.add(done);
            readers.readers.add(readers.threads.submit(() -> readers.again(reading, done)));
        }
        return readers;
    }

    private Void again(Callable<?> reading, AtomicInteger done) throws Exception {
        while (!stopping) {
            reading.call();
            done.incrementAndGet();
        }
        return null;
    }

    /** Until each has read from beginning to end what is there now: what it is at may have begun before. */
    void awaitNext() throws Exception {
        List<Integer> before = readings.stream().map(AtomicInteger::get).toList();
        for (int i = 0; i < readers.size(); i++) {
            int reader = i;
            Await.until("reader " + i + " reads on", LIMIT, () -> readers.get(reader).isDone() || readings.get(reader).get() >= before.get(reader) + 2);
            if (readers.get(reader).isDone()) {
                readers.get(reader).get();
            }
        }
    }

    /** Lets each end what it is at, and fails as the first one did that failed. */
    void finish() throws Exception {
        stopping = true;
        for (Future<Void> reader : readers) {
            reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() {
        stopping = true;
        threads.shutdownNow();
    }
}
