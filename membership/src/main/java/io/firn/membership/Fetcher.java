package io.firn.membership;

import io.firn.membership.journal.JournalRecord;
import io.firn.membership.journal.Snapshot;
import io.firn.membership.replication.Message;
import io.firn.membership.replication.Message.Position;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this broker's copy of the history that of another, one request at a time: asks what comes after what is here, appends and forces it, shows what is committed of it, asks again.
 * A copy that is too old gets a snapshot first, in pieces.
 *
 * <p>Invariants: records are taken only if they continue, by number and hash, an entry that is here. An entry here is cut only when the other's history has another one in its place, and
 * never when it is known to be committed; two histories that differ there are two clusters, which ends the metadata. The other shows how far its history is committed, by number and hash,
 * and just that is shown here.
 *
 * <p>Limits: one reply, and one snapshot of at most {@link #MAX_SNAPSHOT_BYTES} in memory.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Fetcher {

    static final int MAX_SNAPSHOT_BYTES = 1 << 30;

    private static final Logger LOGGER = LoggerFactory.getLogger(Fetcher.class);

    private final ClusterMember member;
    private final Role role;
    private final int broker;
    private final long timeoutMs;
    private final Supplier<Message> question;
    private final Host host;

    /** Who wants it. */
    interface Host {
        /** The copy has what the last reply brought. @return whether to go on */
        boolean advanced() throws IOException;

        /** The other does not answer, or not with what was asked for. @param reply what it said instead */
        void ended(Optional<Message> reply) throws IOException;
    }

    /** @param question asked anew each time, about the copy as it is then */
    Fetcher(ClusterMember member, Role role, int broker, long timeoutMs, Supplier<Message> question, Host host) {
        this.member = member;
        this.role = role;
        this.broker = broker;
        this.timeoutMs = timeoutMs;
        this.question = question;
        this.host = host;
    }

    void ask() {
        member.ask(role, broker, question.get(), timeoutMs, reply -> take(reply));
    }

    /** Takes a reply to a question that was asked elsewhere. */
    void take(Optional<Message> reply) throws IOException {
        if (reply.isPresent() && reply.get() instanceof Message.Entries entries) {
            if (apply(entries)) {
                goOn();
            } else {
                host.ended(Optional.empty());
            }
        } else if (reply.isPresent() && reply.get() instanceof Message.Offer offer && offer.at().version() > member.copy().view().version() && offer.sizeBytes() <= MAX_SNAPSHOT_BYTES) {
            askChunk(offer, new ByteArrayOutputStream());
        } else {
            host.ended(reply);
        }
    }

    private void goOn() throws IOException {
        if (host.advanced() && member.isIn(role)) {
            ask();
        }
    }

    /** @return false if the reply made no sense */
    private boolean apply(Message.Entries entries) throws IOException {
        Copy copy = member.copy();
        Optional<List<JournalRecord>> records = records(entries);
        if (records.isEmpty() || !copy.holds(entries.matched().version(), entries.matched().hash())) {
            return false;
        }
        List<JournalRecord> missing = new ArrayList<>();
        for (JournalRecord record : records.get()) {
            if (!missing.isEmpty() || !copy.holds(record.version(), record.hash())) {
                missing.add(record);
            }
        }
        if (!missing.isEmpty()) {
            cut(copy, missing.get(0).version() - 1);
            copy.append(missing, () -> { });
        }
        Position committed = entries.committed();
        if (committed.version() > copy.view().version()) {
            if (!copy.holds(committed.version(), committed.hash())) {
                return false;
            }
            copy.commit(committed.version());
        }
        return true;
    }

    private static void cut(Copy copy, long version) throws IOException {
        if (version >= copy.lastVersion()) {
            return;
        }
        if (version < copy.view().version() || version < ClusterMember.FORMING_ENTRIES && copy.lastVersion() > ClusterMember.FORMING_ENTRIES) {
            throw new IllegalStateException("the controller's entry " + (version + 1) + " is another one than the committed one here: this directory belongs to another cluster, or the cluster was"
                    + " rebuilt from older metadata; move the metadata directory away to let this broker begin anew");
        }
        LOGGER.atInfo().addKeyValue("fromVersion", version + 1).addKeyValue("toVersion", copy.lastVersion()).log("Cut metadata entries that lost against another controller's");
        copy.cutAbove(version);
    }

    /** The records if they are sound and follow each other from the matched entry on. */
    private Optional<List<JournalRecord>> records(Message.Entries entries) {
        List<JournalRecord> records = new ArrayList<>();
        Position last = entries.matched();
        try {
            for (byte[] bytes : entries.records()) {
                JournalRecord record = JournalRecord.of(bytes);
                if (record.version() != last.version() + 1 || !record.previous().equals(last.hash())) {
                    throw new IllegalArgumentException("entry " + record.version() + " does not follow entry " + last.version());
                }
                last = new Position(record.version(), record.hash());
                records.add(record);
            }
            return Optional.of(records);
        } catch (IllegalArgumentException e) {
            LOGGER.atError().addKeyValue("broker", broker).setCause(e).log("Metadata entries of another broker cannot be read; is it of a newer version?");
            return Optional.empty();
        }
    }

    private void askChunk(Message.Offer offer, ByteArrayOutputStream taken) {
        member.ask(role, broker, new Message.FetchSnapshot(offer.at(), taken.size()), member.times().requestMs(), reply -> takeChunk(offer, taken, reply));
    }

    private void takeChunk(Message.Offer offer, ByteArrayOutputStream taken, Optional<Message> reply) throws IOException {
        if (reply.isEmpty() || !(reply.get() instanceof Message.Chunk chunk) || chunk.bytes().length == 0 || chunk.bytes().length > offer.sizeBytes() - taken.size()) {
            host.ended(Optional.empty());
            return;
        }
        taken.writeBytes(chunk.bytes());
        if (taken.size() < offer.sizeBytes()) {
            askChunk(offer, taken);
        } else if (install(offer, taken.toByteArray())) {
            goOn();
        } else {
            host.ended(Optional.empty());
        }
    }

    private boolean install(Message.Offer offer, byte[] bytes) throws IOException {
        Optional<Snapshot> decoded = decode(bytes);
        Copy copy = member.copy();
        if (decoded.isEmpty() || !offer.at().equals(new Position(decoded.get().view().version(), decoded.get().hash())) || offer.at().version() <= copy.view().version()) {
            return false;
        }
        Snapshot snapshot = decoded.get();
        if (!copy.clusterId().isEmpty() && !copy.clusterId().equals(snapshot.view().clusterId())) {
            throw new IllegalStateException("the metadata directory belongs to cluster " + copy.clusterId() + ", the controller to cluster " + snapshot.view().clusterId());
        }
        copy.install(snapshot);
        LOGGER.atInfo().addKeyValue("version", offer.at().version()).addKeyValue("broker", broker).log("Took a metadata snapshot from another broker");
        return true;
    }

    private Optional<Snapshot> decode(byte[] bytes) {
        try {
            return Optional.of(Snapshot.decode("of broker " + broker, bytes));
        } catch (MetadataOpenFailed e) {
            LOGGER.atError().addKeyValue("broker", broker).setCause(e).log("The metadata snapshot of another broker cannot be read; is it of a newer version?");
            return Optional.empty();
        }
    }
}
