package io.firn.gateway.cli;

import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Long work on a thread of its own, while the command's thread prints the lines it tells and draws how far it is.
 *
 * <p>At most {@value #LINE_LIMIT} lines wait to be printed; then the work waits.
 */
final class WatchedWork {

    private static final int LINE_LIMIT = 1_000;
    private static final long REDRAW_MS = 100;

    /** Tells lines and bytes done, from any thread. */
    @FunctionalInterface
    interface Work<T> {
        T run(Consumer<String> lines, LongConsumer doneBytes) throws Exception;
    }

    private WatchedWork() {}

    /**
     * @param lines where the work's lines go; the progress goes to standard error
     * @param totalBytes what the bytes told will add up to
     */
    static <T> T run(String label, long totalBytes, Consumer<String> lines, Work<T> work) throws InterruptedException {
        try (Progress progress = new Progress(System.err, Terminal.isErrorStream(), label, totalBytes, System::nanoTime)) {
            return run(progress, lines, work);
        }
    }

    static <T> T run(Progress progress, Consumer<String> lines, Work<T> work) throws InterruptedException {
        BlockingQueue<String> told = new ArrayBlockingQueue<>(LINE_LIMIT);
        AtomicLong done = new AtomicLong();
        FutureTask<T> task = new FutureTask<>(() -> work.run(line -> tell(told, line), done::addAndGet));
        Thread thread = new Thread(task, "firn-work");
        thread.setDaemon(true);
        thread.start();
        try {
            while (!task.isDone() || !told.isEmpty()) {
                Optional<String> line = Optional.ofNullable(told.poll(REDRAW_MS, TimeUnit.MILLISECONDS));
                line.ifPresent(text -> {
                    progress.close();
                    lines.accept(text);
                });
                progress.update(done.get());
            }
        } finally {
            task.cancel(true);
        }
        return outcome(task);
    }

    private static void tell(BlockingQueue<String> told, String line) {
        try {
            told.put(line);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliFailure(Main.FAILED, "interrupted");
        }
    }

    private static <T> T outcome(FutureTask<T> task) throws InterruptedException {
        try {
            return task.get();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException bare ? bare : new CliFailure(Main.FAILED, String.valueOf(failed.getCause()));
        }
    }
}
