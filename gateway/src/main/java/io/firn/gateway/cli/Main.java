package io.firn.gateway.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** {@code main} of the {@code firn} launcher. A plain {@code up} goes straight to the broker; everything else goes through picocli's {@link Commands}. */
public final class Main {

    /** Nothing, or nothing more, to do. */
    static final int OK = 0;
    /** It was tried, and failed. */
    static final int FAILED = 1;
    /** It could not be tried: wrong usage, wrong configuration, port or directory in use. */
    static final int USAGE = 2;

    private static final String UP = "up";
    /** For the launcher, not for people. */
    private static final String REHEARSE = "rehearse";
    private static final String OF_CLUSTER = "cluster";

    private Main() {}

    public static void main(String[] args) throws Exception {
        System.exit(run(args));
    }

    /** Runs one command and returns the process's exit code. */
    static int run(String... args) throws Exception {
        if (args.length > 0 && args[0].equals(REHEARSE)) {
            return Rehearsal.run(List.of(args).contains(OF_CLUSTER));
        }
        if (args.length > 0 && args[0].equals(UP)) {
            return up(args);
        }
        return Commands.run(args);
    }

    private static int up(String... args) throws Exception {
        try {
            Optional<UpArguments> plain = UpArguments.plain(Arrays.copyOfRange(args, 1, args.length));
            return plain.isPresent() ? Up.run(plain.get()) : Commands.run(args);
        } catch (RuntimeException failed) {
            return CliFailure.report(UP, failed);
        }
    }
}
