package io.firn.it.bench;

import io.firn.cold.s3.S3Server;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** The S3 server as a process: says its port, and ends with its input. Argument: its directory. */
final class StoreMain {

    private StoreMain() {}

    public static void main(String[] args) throws IOException {
        PrintStream answers = AttendantLoop.answers();
        try (S3Server server = S3Server.start(Path.of(args[0]))) {
            AttendantLoop.run(answers, "" + server.port(), words -> "?");
        }
        System.exit(0);
    }
}
