package io.firn.membership;

/** The metadata thread's sense of time: a port, so that tests run it on virtual time. */
interface Timer {

    /** Milliseconds since some moment, on a clock that only goes forward. */
    long nowMs();

    /** Runs it on the metadata thread after so long, unless the thread has ended by then. */
    void after(long delayMs, Runnable task);
}
