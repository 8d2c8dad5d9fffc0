package io.firn.membership.replication;

import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.Progress;
import java.util.List;

/**
 * One message between two brokers: a request, or the reply to one. Immutable, but for byte arrays, which must not be changed. Bytes: {@link MessageCodec}.
 *
 * <pre>
 *  Announce       ─▶ Pointer                              I am becoming the controller
 *  Find           ─▶ Pointer                              who is the controller?
 *  Follow         ─▶ Entries · Offer · Pointer            what comes after what I have? (waits for news a while; says what the follower has forced)
 *  CatchUp        ─▶ Entries · Offer · Lacks              what is missing to me up to this head?
 *  FetchSnapshot  ─▶ Chunk · Lacks                        the bytes of an offered snapshot
 *  Inspect        ─▶ Inspected · Pointer                  how far is everybody's copy?
 *  Submit         ─▶ Done · Refused · Unavailable · Pointer
 * </pre>
 */
public sealed interface Message {

    /** An entry by number and hash, and with it everything before. {@code EntryHash.NONE} at version 0 is before the first. */
    record Position(long version, EntryHash hash) {
        public Position {
            if (version < 0) {
                throw new IllegalArgumentException("no entry has version " + version);
            }
        }
    }

    /** @param epoch the sender's, which has set the head under it, or is about to */
    record Announce(int epoch) implements Message {}

    record Find() implements Message {}

    /**
     * @param epoch of the controller that is asked; it alone may answer
     * @param committed version the follower knows to be committed: news of it is a reason to answer
     * @param positions what the follower has forced, newest first: its newest entry, then some before it in case that is not in the controller's history
     */
    record Follow(int epoch, long committed, List<Position> positions) implements Message {
        public Follow {
            positions = List.copyOf(positions);
        }
    }

    /** @param head as the sender read it from the metadata store */
    record CatchUp(Head head, List<Position> positions) implements Message {
        public CatchUp {
            positions = List.copyOf(positions);
        }
    }

    /** @param at which snapshot @param offset of the first byte wanted */
    record FetchSnapshot(Position at, int offset) implements Message {}

    /**
     * @param sender drawn by each broker at its start, so that numbers of a former life mean nothing
     * @param number of the command among those of the sender; the same one twice is decided once
     */
    record Submit(long sender, long number, Command command) implements Message {}

    /** Who the controller is. @param epoch highest one the sender knows of @param controller its broker, or -1 */
    record Pointer(int epoch, int controller) implements Message {}

    /**
     * @param matched the newest of the asked positions that is in the sender's history
     * @param records those after it, may be none
     * @param committed newest entry of matched and records that a head covers; version 0 if none
     */
    record Entries(Position matched, List<byte[]> records, Position committed) implements Message {
        public Entries {
            records = List.copyOf(records);
        }
    }

    /** None of the positions is recent enough: a snapshot is to be fetched first. */
    record Offer(Position at, int sizeBytes) implements Message {
        public Offer {
            if (sizeBytes < 1) {
                throw new IllegalArgumentException("a snapshot has bytes");
            }
        }
    }

    record Chunk(byte[] bytes) implements Message {}

    /** The entry or snapshot asked for is not here (any more). */
    record Lacks() implements Message {}

    /** @param version the view as of this entry is the one the command left @param partitions as in {@code Answer} */
    record Done(long version, List<PartitionOutcome> partitions) implements Message {
        public Done {
            partitions = List.copyOf(partitions);
        }
    }

    record Refused(CommandRefused.Reason reason, String message) implements Message {}

    /** It is not known whether the command was committed, or it could not be decided. */
    record Unavailable(String message) implements Message {}

    record Inspect() implements Message {}

    record Inspected(Progress progress) implements Message {}
}
