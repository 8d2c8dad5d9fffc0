package io.firn.membership;

import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.controller.Controller;
import io.firn.membership.controller.Decision;
import io.firn.membership.entry.Entry;
import io.firn.membership.journal.JournalRecord;
import io.firn.membership.journal.RecordTooLarge;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commands that share one force and one set of the head. Each is decided on the view its predecessors in the group would leave, so the group commits or fails as a
 * whole, and even a refusal is answered only after the commit: it may rest on a change of the same group.
 *
 * <p>Limits: {@link #MAX_COMMANDS}, and no further command once the records reach {@link #MAX_BYTES}. What does not fit stays in the queue for the next group.
 *
 * <p>Threading: confined to the metadata thread. Does no I/O.
 */
final class CommandGroup {

    static final int MAX_COMMANDS = 256;
    static final int MAX_BYTES = 1 << 20;

    private static final Logger LOGGER = LoggerFactory.getLogger(CommandGroup.class);

    private final List<PendingCommand> commands = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();
    private final List<JournalRecord> records = new ArrayList<>();
    private final int controllerEpoch;
    private final long nowMs;
    private ClusterView view;
    private EntryHash hash;
    private int sizeBytes;

    CommandGroup(ClusterView view, EntryHash hash, int controllerEpoch, long nowMs) {
        this.view = view;
        this.hash = hash;
        this.controllerEpoch = controllerEpoch;
        this.nowMs = nowMs;
    }

    /** What becomes of one command once the group is committed. */
    sealed interface Outcome {
        PendingCommand pending();

        record Done(PendingCommand pending, Answer answer) implements Outcome {
            /** As it is after the command. */
            ClusterView view() {
                return answer.view();
            }
        }

        record Failed(PendingCommand pending, MetadataException error) implements Outcome {}
    }

    /** Takes commands from the queue and decides them, until the queue is empty or the group full. */
    void fill(Queue<PendingCommand> waiting, Controller controller, RandomGenerator random) {
        while (outcomes.size() < MAX_COMMANDS && sizeBytes < MAX_BYTES) {
            PendingCommand next = waiting.poll();
            if (next == null) {
                return;
            }
            commands.add(next);
            outcomes.add(decide(next, controller, random));
        }
    }

    private Outcome decide(PendingCommand pending, Controller controller, RandomGenerator random) {
        try {
            Decision decision = controller.decide(view, pending.command(), random);
            if (decision instanceof Decision.Refused refused) {
                return new Outcome.Failed(pending, new CommandRefused(refused.reason(), refused.message()));
            }
            Decision.Accepted accepted = (Decision.Accepted) decision;
            add(accepted.entries());
            return new Outcome.Done(pending, new Answer(view, accepted.partitions()));
        } catch (RecordTooLarge e) {
            return new Outcome.Failed(pending, new CommandRefused(Reason.LIMIT_EXCEEDED, e.getMessage()));
        } catch (RuntimeException e) {
            // A mistake in a pure decision has changed nothing: it costs this command, not the broker.
            LOGGER.atError().addKeyValue("command", pending.command().getClass().getSimpleName()).setCause(e).log("Deciding a command failed; please report it");
            return new Outcome.Failed(pending, new MetadataUnavailable("the command could not be decided", e));
        }
    }

    /** Adds all of these entries or none. */
    void add(List<Entry> entries) {
        List<JournalRecord> added = new ArrayList<>(entries.size());
        ClusterView after = view;
        EntryHash last = hash;
        for (Entry entry : entries) {
            JournalRecord record = JournalRecord.of(after.version() + 1, controllerEpoch, nowMs, last, entry);
            after = record.applyTo(after);
            last = record.hash();
            added.add(record);
        }
        records.addAll(added);
        sizeBytes += added.stream().mapToInt(record -> record.bytes().length).sum();
        view = after;
        hash = last;
    }

    /** What was taken from the queue. */
    List<PendingCommand> commands() {
        return commands;
    }

    /** What becomes of the commands, in the same order. */
    List<Outcome> outcomes() {
        return outcomes;
    }

    List<JournalRecord> records() {
        return records;
    }

    /** The view once the group is committed. */
    ClusterView view() {
        return view;
    }

    /** The head that commits the group; it must have records. */
    Head head() {
        return records.get(records.size() - 1).head();
    }
}
