package io.firn.membership;

import io.firn.membership.cp.CpPrinter;
import io.firn.membership.hazelcast.EntryText;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** The files of a CP directory, offline. Stateless; blocks on the disk. */
public final class CpFiles {

    private CpFiles() {}

    /**
     * Prints a file, or all of a directory: one line for each thing this member has promised. Only reads.
     *
     * @throws MetadataOpenFailed with one line for the operator if one of them is damaged or too new
     */
    public static void print(Path path, PrintStream out) throws IOException {
        try (EntryText text = new EntryText()) {
            new CpPrinter(out, text).print(path);
        }
    }
}
