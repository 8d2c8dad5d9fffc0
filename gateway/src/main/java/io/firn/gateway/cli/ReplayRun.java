package io.firn.gateway.cli;

import io.firn.cold.ColdPiece;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Moves the records of several streams into a target: streams side by side, the records of each in order. The first failure ends all.
 *
 * <p>Threading: {@link #run} by one thread, which waits; a pool of its own does the work.
 */
final class ReplayRun {

    private final List<ColdStream> streams;
    private final ReplayTarget target;
    private final int parallel;
    private final BooleanSupplier enough;
    private final AtomicLong records = new AtomicLong();
    private final AtomicBoolean stopped = new AtomicBoolean();

    /**
     * @param parallel streams read at the same time
     * @param enough there is no use in going on
     */
    ReplayRun(List<ColdStream> streams, ReplayTarget target, int parallel, BooleanSupplier enough) {
        this.streams = streams;
        this.target = target;
        this.parallel = parallel;
        this.enough = enough;
    }

    /** Returns how many records were written. @param lines is told what expired */
    long run(Consumer<String> lines, LongConsumer doneBytes) throws InterruptedException {
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(parallel, work -> {
            Thread thread = new Thread(work, "firn-replay-" + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<?>> running = new ArrayList<>();
            streams.forEach(stream -> running.add(threads.submit(() -> move(stream, lines, doneBytes))));
            Optional<RuntimeException> failure = Optional.empty();
            for (Future<?> each : running) {
                Optional<RuntimeException> failed = failure(each);
                failure = failure.isPresent() ? failure : failed;
            }
            if (failure.isPresent()) {
                throw failure.get();
            }
            return records.get();
        } finally {
            stopped.set(true);
            threads.shutdownNow();
        }
    }

    private static Optional<RuntimeException> failure(Future<?> each) throws InterruptedException {
        try {
            each.get();
            return Optional.empty();
        } catch (ExecutionException failed) {
            return Optional.of(failed.getCause() instanceof RuntimeException bare ? bare : new IllegalStateException(failed.getCause()));
        }
    }

    private void move(ColdStream stream, Consumer<String> lines, LongConsumer doneBytes) {
        int partition = stream.partition().partition();
        if (over()) {
            return;
        }
        try (ReplayTarget.Lane lane = target.lane(partition)) {
            Optional<ColdPiece> piece = next(stream);
            while (piece.isPresent() && !over()) {
                if (piece.get() instanceof ColdPiece.Expired expired) {
                    lines.accept("partition " + partition + ": offsets " + expired.fromOffset() + " to " + (expired.toOffset() - 1) + " are deleted, by retention or on request");
                } else if (piece.get() instanceof ColdPiece.Batches batches) {
                    write(batches, lane, doneBytes);
                }
                piece = next(stream);
            }
            if (piece.isEmpty()) {
                lane.finish();
            } else if (piece.get() instanceof ColdPiece.Batches unwanted) {
                unwanted.close();
            }
        } catch (RuntimeException | Error failed) {
            stopped.set(true);
            throw failed;
        }
    }

    private boolean over() {
        return stopped.get() || enough.getAsBoolean();
    }

    private void write(ColdPiece.Batches batches, ReplayTarget.Lane lane, LongConsumer doneBytes) {
        try (batches) {
            batches.records(record -> {
                lane.write(record);
                records.incrementAndGet();
            });
            doneBytes.accept(batches.sizeBytes());
        }
    }

    private static Optional<ColdPiece> next(ColdStream stream) {
        try {
            return stream.next().join();
        } catch (CompletionException failed) {
            Throwable cause = ColdStoreException.unwrap(failed);
            throw new CliFailure(Main.FAILED, "partition " + stream.partition().partition() + " cannot be read from offset " + stream.nextOffset() + " on: " + cause.getMessage());
        }
    }
}
