package io.firn.membership;

import io.firn.membership.controller.Policy;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.Folder;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** The real metadata on a simulated thread, for simulations outside of this module. */
public final class SimMetadata {

    private SimMetadata() {}

    /** See {@link Metadata#openCluster}. */
    public static Metadata open(Folder folder, ClusterPlan plan, Policy policy, JournalLimits limits, MetadataStore store, MetadataPeers peers, InstantSource clock,
            RandomGenerator random, SimThread thread) {
        return Metadata.open(folder, plan, policy, limits, store, peers, clock, random, thread, thread);
    }
}
