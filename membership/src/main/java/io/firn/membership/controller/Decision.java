package io.firn.membership.controller;

import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.entry.Entry;
import java.util.List;

/** The controller's answer to a command. Immutable. */
public sealed interface Decision {

    /**
     * These entries are to be committed, in this order and together; none when the cluster is already as asked.
     *
     * @param partitions of a command for many partitions: what becomes of each
     */
    record Accepted(List<Entry> entries, List<PartitionOutcome> partitions) implements Decision {
        public Accepted {
            entries = List.copyOf(entries);
            partitions = List.copyOf(partitions);
        }

        public Accepted(List<Entry> entries) {
            this(entries, List.of());
        }
    }

    /** Nothing is to be changed. @param message for the client */
    record Refused(Reason reason, String message) implements Decision {}

    static Decision accept(Entry entry) {
        return new Accepted(List.of(entry));
    }

    static Decision refuse(Reason reason, String message) {
        return new Refused(reason, message);
    }
}
