package io.firn.gateway.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stops what runs on Ctrl-C or SIGTERM, within a time limit, and decides the exit code: 0 for a clean stop, 1 when it was not.
 *
 * <p>Threading: the JVM runs the hook on a thread of its own; the stop itself runs on a second one, so that a stop that hangs can be
 * given up. What was acknowledged survives that: the next start recovers as after a kill.
 */
final class ShutdownHook {

    /** Orchestrators kill after 30 s by default; say so before that. */
    static final int STOP_LIMIT_SECONDS = 25;

    /** What is stopped; may block and may throw. */
    @FunctionalInterface
    interface Stop {
        void run() throws Exception;
    }

    private final Stop stop;
    private final boolean talks;
    private final Thread thread = new Thread(this::run, "firn-shutdown");
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile Throwable failure;

    private ShutdownHook(Stop stop, boolean talks) {
        this.stop = stop;
        this.talks = talks;
    }

    /** Says on standard error that it stops, and how that went. */
    static ShutdownHook talking(Stop stop) {
        return new ShutdownHook(stop, true).install();
    }

    /** Says only when the stop failed. */
    static ShutdownHook quiet(Stop stop) {
        return new ShutdownHook(stop, false).install();
    }

    private ShutdownHook install() {
        Runtime.getRuntime().addShutdownHook(thread);
        return this;
    }

    /** Takes the hook out again, unless the process is already stopping: then the hook sees to the end, and this returns false. */
    boolean remove() {
        try {
            return Runtime.getRuntime().removeShutdownHook(thread);
        } catch (IllegalStateException alreadyStopping) {
            return false;
        }
    }

    private void run() {
        say("stopping");
        Thread stopper = new Thread(this::stop, "firn-stop");
        stopper.setDaemon(true);
        stopper.start();
        Runtime.getRuntime().halt(outcome());
    }

    private void stop() {
        try {
            stop.run();
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            stopped.countDown();
        }
    }

    private int outcome() {
        try {
            if (!stopped.await(STOP_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("firn: not stopped within " + STOP_LIMIT_SECONDS + " s; given up");
                return Main.FAILED;
            }
        } catch (InterruptedException e) {
            System.err.println("firn: interrupted while stopping");
            return Main.FAILED;
        }
        if (failure != null) {
            System.err.println("firn: not stopped cleanly: " + failure);
            return Main.FAILED;
        }
        say("stopped");
        return Main.OK;
    }

    private void say(String what) {
        if (talks) {
            System.err.println("firn: " + what);
        }
    }
}
