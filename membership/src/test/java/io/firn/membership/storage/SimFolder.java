package io.firn.membership.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * A folder in memory that keeps apart what was written and what was forced, so that it can lose power.
 *
 * <p>It is harsher than most file systems, and as harsh as {@link Folder} allows: a power loss ({@link #afterCrash}) drops, tears or reorders all content that was not
 * forced, and each creation, renaming and deletion since the last force of the folder, independently of the others. A failed force loses what it was to force, for good: a
 * later force that succeeds does not bring it back.
 */
public final class SimFolder implements Folder {

    /** What a crash does to what was not forced. */
    public enum Loss {
        /** A killed process: the operating system still has everything and shows it, but what was not forced is not on disk for that, and a later power loss may take it. */
        NOTHING,
        /** A power loss with nothing written that was not forced. */
        EVERYTHING,
        /** A power loss in the middle of writing: any part of it, in any order. */
        ANY_PART
    }

    private final Map<String, Content> names = new TreeMap<>();
    private final Map<String, Content> forcedNames = new TreeMap<>();
    private final List<NameChange> unforcedNames = new ArrayList<>();
    private final RandomGenerator random;

    private int operations;
    private int crashAt = Integer.MAX_VALUE;
    private int failAt = Integer.MAX_VALUE;
    private int forces;
    private long usableBytes = Long.MAX_VALUE;
    private boolean closed;

    public SimFolder(RandomGenerator random) {
        this.random = random;
    }

    /** Loses power at the {@code operation}-th change or force from now on, just before or just after it. */
    public SimFolder crashAt(int operation) {
        crashAt = operations + operation;
        return this;
    }

    /** Fails the {@code operation}-th change or force from now on, once. */
    public SimFolder failAt(int operation) {
        failAt = operations + operation;
        return this;
    }

    /** What {@link #usableBytes()} tells from now on. */
    public SimFolder usableBytes(long bytes) {
        usableBytes = bytes;
        return this;
    }

    @Override
    public long usableBytes() {
        return usableBytes;
    }

    public boolean crashed() {
        return operations >= crashAt;
    }

    /** Changes and forces until now. */
    public int operations() {
        return operations;
    }

    /** Forces until now, of files and of the folder. */
    public int forces() {
        return forces;
    }

    /** What the next start finds. */
    public SimFolder afterCrash(Loss loss) {
        return loss == Loss.NOTHING ? afterKill() : afterPowerLoss(loss);
    }

    private SimFolder afterKill() {
        SimFolder next = new SimFolder(random);
        Map<Content, Content> copies = new IdentityHashMap<>();
        forcedNames.forEach((name, content) -> next.forcedNames.put(name, copies.computeIfAbsent(content, Content::afterKill)));
        unforcedNames.forEach(change -> next.unforcedNames.add(new NameChange(change.from, change.to, copies.computeIfAbsent(change.content, Content::afterKill))));
        next.names.putAll(next.forcedNames);
        next.unforcedNames.forEach(change -> change.applyTo(next.names));
        return next;
    }

    private SimFolder afterPowerLoss(Loss loss) {
        Map<String, Content> survived = new TreeMap<>(forcedNames);
        for (NameChange change : unforcedNames) {
            if (loss == Loss.ANY_PART && random.nextBoolean()) {
                change.applyTo(survived);
            }
        }
        SimFolder next = new SimFolder(random);
        survived.forEach((name, content) -> next.put(name, content.afterPowerLoss(loss, random)));
        return next;
    }

    /** Puts a file there, durably. */
    public void put(String name, byte[] bytes) {
        Content content = new Content(bytes);
        names.put(name, content);
        forcedNames.put(name, content);
    }

    @Override
    public Set<String> names() throws IOException {
        check();
        return new TreeSet<>(names.keySet());
    }

    @Override
    public byte[] read(String name) throws IOException {
        check();
        Content content = names.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        return content.written.clone();
    }

    @Override
    public AppendFile append(String name) throws IOException {
        check();
        if (!names.containsKey(name)) {
            Content created = new Content(new byte[0]);
            change(new NameChange(null, name, created));
        }
        return new SimFile(names.get(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        check();
        change(new NameChange(from, to, names.get(from)));
    }

    @Override
    public void delete(String name) throws IOException {
        check();
        if (names.containsKey(name)) {
            change(new NameChange(name, null, names.get(name)));
        }
    }

    @Override
    public void force() throws IOException {
        forces++;
        operation(() -> {
            unforcedNames.forEach(change -> change.applyTo(forcedNames));
            unforcedNames.clear();
        }, unforcedNames::clear);
    }

    @Override
    public void close() {
        closed = true;
    }

    public boolean closed() {
        return closed;
    }

    private void change(NameChange change) throws IOException {
        operation(() -> {
            change.applyTo(names);
            unforcedNames.add(change);
        }, () -> { });
    }

    private void check() throws IOException {
        if (crashed()) {
            throw new IOException("power is off");
        }
        if (closed) {
            throw new IOException("folder is closed");
        }
    }

    private void operation(Runnable effect, Runnable effectOfFailure) throws IOException {
        check();
        operations++;
        if (crashed()) {
            if (random.nextBoolean()) {
                effect.run();
            }
            throw new IOException("power went off");
        }
        if (operations == failAt) {
            effectOfFailure.run();
            throw new IOException("input/output error");
        }
        effect.run();
    }

    /** @param from name that goes, or null @param to name that then means the content, or null */
    private record NameChange(String from, String to, Content content) {
        void applyTo(Map<String, Content> names) {
            if (from != null) {
                names.remove(from, content);
            }
            if (to != null) {
                names.put(to, content);
            }
        }
    }

    /** Bytes written at a place, or a cut there. */
    private record ContentChange(int at, byte[] bytes, boolean cut) {
        byte[] applyTo(byte[] content, int part) {
            byte[] changed = Arrays.copyOf(content, cut ? at : Math.max(content.length, at + part));
            System.arraycopy(bytes, 0, changed, cut ? 0 : at, cut ? 0 : part);
            return changed;
        }
    }

    private static final class Content {
        private byte[] written;
        private byte[] forced;
        private final List<ContentChange> unforced = new ArrayList<>();

        Content(byte[] bytes) {
            written = bytes;
            forced = bytes;
        }

        /** What a failed force has dropped is gone here too. */
        Content afterKill() {
            Content copy = new Content(forced);
            copy.unforced.addAll(unforced);
            unforced.forEach(change -> copy.written = change.applyTo(copy.written, change.bytes.length));
            return copy;
        }

        byte[] afterPowerLoss(Loss loss, RandomGenerator random) {
            byte[] survived = forced;
            for (ContentChange change : unforced) {
                if (loss == Loss.ANY_PART && random.nextInt(3) == 0) {
                    survived = change.applyTo(survived, change.bytes.length);
                } else if (loss == Loss.ANY_PART && random.nextBoolean() && !change.cut) {
                    survived = change.applyTo(survived, random.nextInt(change.bytes.length + 1));
                }
            }
            return survived;
        }
    }

    private final class SimFile implements AppendFile {
        private final Content content;

        SimFile(Content content) {
            this.content = content;
        }

        @Override
        public void append(ByteBuffer bytes) throws IOException {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            change(new ContentChange(content.written.length, copy, false));
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            change(new ContentChange((int) sizeBytes, new byte[0], true));
        }

        private void change(ContentChange change) throws IOException {
            operation(() -> {
                content.written = change.applyTo(content.written, change.bytes.length);
                content.unforced.add(change);
            }, () -> { });
        }

        @Override
        public void force() throws IOException {
            forces++;
            operation(() -> {
                content.unforced.forEach(change -> content.forced = change.applyTo(content.forced, change.bytes.length));
                content.unforced.clear();
            }, content.unforced::clear);
        }

        @Override
        public long sizeBytes() {
            return content.written.length;
        }

        @Override
        public void close() {
            // Nothing is held open.
        }
    }
}
