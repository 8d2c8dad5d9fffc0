package io.firn.hot.replication;

import java.util.Set;

/** What became of an {@link IsrProposal}. */
public sealed interface ProposalOutcome {

    /** It is the placement now (or was already). */
    record Committed(int partitionEpoch, Set<Integer> isr) implements ProposalOutcome {

        public Committed {
            isr = Set.copyOf(isr);
        }
    }

    /** The controller says that both epochs are the present ones and that it has not taken it: a member is not eligible, or there was no attempt. */
    record Refused() implements ProposalOutcome {}

    /** An epoch is not the present one, or the partition is gone: a newer placement is on its way here. Whether the proposal was applied before is not known. */
    record Outdated() implements ProposalOutcome {}

    /** No answer, or one that tells nothing: it may have been applied, or may be yet. */
    record Unknown() implements ProposalOutcome {}
}
