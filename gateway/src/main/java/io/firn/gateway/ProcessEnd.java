package io.firn.gateway;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ends of a process that cannot go on and must not close cleanly: what it would still force or send may be wrong. What it acknowledged is safe, as after a kill. */
enum ProcessEnd {

    /** The metadata's disk failed, or what is on it. */
    METADATA_FAILED(43, "The metadata failed; this process ends, and others lead what it led. Start it again when the cause is removed"),

    /** A log that this broker leads cannot be read or written any more, and its followers cannot lead it while this process lives. */
    DISK_FAILED(45, "A log this broker leads has failed; this process ends, and others lead what it led. Start it again when the cause is removed"),

    /** Another process is the broker of this id. */
    REPLACED(44, "This process is not a broker of its cluster any more; it ends");

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);

    private final int exitCode;
    private final String line;

    ProcessEnd(int exitCode, String line) {
        this.exitCode = exitCode;
        this.line = line;
    }

    int exitCode() {
        return exitCode;
    }

    /** Says why in one line and ends the process on the spot. */
    void now(String why) {
        LOG.atError().addKeyValue("reason", why).log(line);
        Runtime.getRuntime().halt(exitCode);
    }
}
