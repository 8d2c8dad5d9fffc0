package io.firn.gateway.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stops a broker on Ctrl-C or SIGTERM, within a time limit, and decides the exit code: 0 for a clean stop, 1 when it was not.
 *
 * <p>Threading: the JVM runs the hook on a thread of its own; the stop itself runs on a second one, so that a stop that hangs can be
 * given up. What was acknowledged survives that: the next start recovers as after a kill.
 */
final class ShutdownHook {

    /** Orchestrators kill after 30 s by default; say so before that. */
    static final int STOP_LIMIT_SECONDS = 25;

    private final AutoCloseable service;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile Throwable failure;

    private ShutdownHook(AutoCloseable service) {
        this.service = service;
    }

    static void stopOnSignal(AutoCloseable service) {
        ShutdownHook hook = new ShutdownHook(service);
        Runtime.getRuntime().addShutdownHook(new Thread(hook::run, "firn-shutdown"));
    }

    private void run() {
        System.err.println("firn: stopping");
        Thread stopper = new Thread(this::stop, "firn-stop");
        stopper.setDaemon(true);
        stopper.start();
        Runtime.getRuntime().halt(outcome());
    }

    private void stop() {
        try {
            service.close();
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            stopped.countDown();
        }
    }

    private int outcome() {
        try {
            if (!stopped.await(STOP_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("firn: not stopped within " + STOP_LIMIT_SECONDS + " s; given up, the next start recovers");
                return Main.FAILED;
            }
        } catch (InterruptedException e) {
            System.err.println("firn: interrupted while stopping; the next start recovers");
            return Main.FAILED;
        }
        if (failure != null) {
            System.err.println("firn: not stopped cleanly, the next start recovers: " + failure);
            return Main.FAILED;
        }
        System.err.println("firn: stopped");
        return Main.OK;
    }
}
