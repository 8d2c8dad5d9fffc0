package io.firn.it.cp;

import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a process asked of the metadata store and what was confirmed to it, in a file that a killed process leaves behind whole. Each run has its own.
 *
 * <p>Heads name their predecessors here, so the head at the end tells the only history there can have been: every confirmed change must be in it, and nothing that was not attempted.
 */
final class Ledger implements AutoCloseable {

    private static final byte ATTEMPT = 1;
    private static final byte CONFIRMED = 2;
    private static final byte EPOCH = 3;
    private static final int RECORD_BYTES = 1 + EntryHash.SIZE_BYTES + Head.SIZE_BYTES;

    private final FileChannel file;

    private Ledger(FileChannel file) {
        this.file = file;
    }

    static Ledger create(Path path) throws IOException {
        return new Ledger(FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND));
    }

    void attempt(Optional<Head> expected, Head update) throws IOException {
        write(ATTEMPT, expected.map(Head::hash).orElse(EntryHash.NONE), update);
    }

    void confirmed(Head update) throws IOException {
        write(CONFIRMED, EntryHash.NONE, update);
    }

    void epoch(int epoch) throws IOException {
        write(EPOCH, EntryHash.NONE, new Head(1, epoch, EntryHash.NONE));
    }

    private void write(byte type, EntryHash previous, Head head) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(RECORD_BYTES).put(type);
        previous.write(out);
        head.write(out);
        file.write(out.flip());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** What all ledgers in a directory say together. */
    record Sum(Map<EntryHash, EntryHash> predecessors, Set<EntryHash> confirmed, List<Integer> epochs) {

        static Sum of(Path directory) throws IOException {
            Sum sum = new Sum(new HashMap<>(), new HashSet<>(), new ArrayList<>());
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.sorted().toList()) {
                    sum.add(ByteBuffer.wrap(Files.readAllBytes(file)));
                }
            }
            return sum;
        }

        private void add(ByteBuffer in) {
            int lastEpoch = 0;
            while (in.remaining() >= RECORD_BYTES) {
                byte type = in.get();
                EntryHash previous = EntryHash.read(in);
                Head head = Head.read(in);
                switch (type) {
                    case ATTEMPT -> predecessors.put(head.hash(), previous);
                    case CONFIRMED -> confirmed.add(head.hash());
                    default -> {
                        if (head.controllerEpoch() <= lastEpoch) {
                            throw new AssertionError("epoch " + head.controllerEpoch() + " after " + lastEpoch);
                        }
                        lastEpoch = head.controllerEpoch();
                        epochs.add(lastEpoch);
                    }
                }
            }
        }

        /** Fails unless the history that ends with this head has every confirmed change in it and nothing else than attempts, one for each version, and no epoch was given twice. */
        void check(Head last) {
            Set<EntryHash> history = new HashSet<>();
            long version = last.version();
            for (EntryHash at = last.hash(); !at.equals(EntryHash.NONE); at = predecessors.get(at)) {
                if (!predecessors.containsKey(at)) {
                    throw new AssertionError("the history has version " + version + ", which nobody attempted");
                }
                history.add(at);
                version--;
            }
            Set<EntryHash> lost = new HashSet<>(confirmed);
            lost.removeAll(history);
            if (!lost.isEmpty() || version != 0) {
                throw new AssertionError(lost.size() + " of " + confirmed.size() + " confirmed changes are lost; the history of version " + last.version() + " begins after " + version);
            }
            if (new HashSet<>(epochs).size() != epochs.size()) {
                throw new AssertionError("an epoch was given twice: " + epochs);
            }
        }
    }
}
