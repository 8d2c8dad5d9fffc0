package io.firn.membership.controller;

import io.firn.membership.PartitionView;
import io.firn.membership.entry.PartitionChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * What becomes of a partition when who is in sync, where it is to be or who is alive changes: completes a reassignment that can be, then elects. The rules are those of Kafka's
 * controller without eligible leader replicas (KIP-966).
 *
 * <p>Invariants of what comes out: the leader is in sync and active, or there is none; without a leader nobody in sync is active; a clean election picks from those in sync; the last in sync stays so when it goes,
 * because nobody else has what was acknowledged, except where it lost its disk ({@link #lose}).
 *
 * <p>Threading: confined to one decision.
 */
final class PartitionStep {

    /** Which leader is looked for. */
    enum Election {
        /** The one there is, else any in sync. */
        CLEAN,
        /** The first replica if it is in sync, else as clean. */
        PREFERRED,
        /** As clean, else any that is active. */
        UNCLEAN
    }

    private final PartitionView now;
    private final IntPredicate active;
    private Election election = Election.CLEAN;
    private List<Integer> replicas;
    private List<Integer> isr;
    private List<Integer> adding;
    private List<Integer> removing;
    private boolean recovering;
    private boolean lastMayGo;

    /** @param active who may lead */
    PartitionStep(PartitionView now, IntPredicate active) {
        this.now = now;
        this.active = active;
        this.replicas = now.replicas();
        this.isr = now.isr();
        this.adding = now.adding();
        this.removing = now.removing();
        this.recovering = now.recovering();
    }

    PartitionStep electing(Election wanted) {
        election = wanted;
        return this;
    }

    PartitionStep isr(List<Integer> inSync, boolean leaderRecovering) {
        isr = inSync;
        recovering = leaderRecovering;
        return this;
    }

    /** The broker is in sync no more, unless it is the last. */
    PartitionStep leave(int broker) {
        isr = without(isr, List.of(broker));
        return this;
    }

    /** What the broker had is gone: even as the last it is in sync no more. */
    PartitionStep lose(int broker) {
        lastMayGo = true;
        return leave(broker);
    }

    /**
     * Where the partition is to be. Of what an earlier reassignment was adding, what is wanted still is waited for as before; the rest goes at once, so that cancelling leads back to
     * where everything began, unless nobody else is in sync: then it goes with those to be removed.
     */
    PartitionStep reassign(List<Integer> target) {
        List<Integer> unwanted = without(now.adding(), target);
        List<Integer> others = without(isr, unwanted);
        boolean needed = others.isEmpty() && !isr.isEmpty();
        List<Integer> kept = needed ? now.replicas() : without(now.replicas(), unwanted);
        isr = needed ? isr : others;
        removing = without(kept, target);
        adding = target.stream().filter(id -> !now.replicas().contains(id) || now.adding().contains(id)).toList();
        replicas = concat(target, removing);
        return this;
    }

    /** Back to the replicas without those being added. Needs {@link #cancelIsUnclean} to be false, or an unclean election to be allowed. */
    PartitionStep cancel() {
        replicas = without(now.replicas(), now.adding());
        isr = without(now.isr(), now.adding());
        adding = List.of();
        removing = List.of();
        return this;
    }

    /** Whether only replicas that a reassignment is adding are in sync, so that cancelling would lose what they have. */
    static boolean cancelIsUnclean(PartitionView partition) {
        return without(partition.isr(), partition.adding()).isEmpty();
    }

    /** The change, or nothing if all stays as it is. */
    Optional<PartitionChange> change() {
        complete();
        boolean keepLast = isr.isEmpty() && !lastMayGo && replicas.containsAll(now.isr());
        int leader = elect();
        List<Integer> inSync = keepLast && isr.isEmpty() ? now.isr() : ordered(isr);
        boolean assigned = !replicas.equals(now.replicas()) || !adding.equals(now.adding()) || !removing.equals(now.removing());
        // Replicas that were taken away still fetch with the old epoch: with a new one the leader turns them down.
        boolean newEpoch = leader != now.leader() || !replicas.containsAll(now.replicas());
        if (!assigned && !newEpoch && inSync.equals(now.isr()) && recovering == now.recovering()) {
            return Optional.empty();
        }
        return Optional.of(new PartitionChange(now.partition(), leader, newEpoch, inSync, recovering,
                assigned ? Optional.of(new PartitionChange.Assignment(replicas, adding, removing)) : Optional.empty()));
    }

    /** A reassignment is complete when all it adds are in sync, and one that makes replicas fewer when all that stay are: else it would leave fewer in sync than before. */
    private void complete() {
        if (adding.isEmpty() && removing.isEmpty()) {
            return;
        }
        List<Integer> staying = without(replicas, removing);
        List<Integer> inSync = without(isr, removing);
        boolean fewer = adding.size() < removing.size();
        if (staying.isEmpty() || inSync.isEmpty() || !inSync.containsAll(adding) || fewer && !inSync.containsAll(staying)) {
            return;
        }
        replicas = staying;
        isr = inSync;
        adding = List.of();
        removing = List.of();
    }

    private int elect() {
        if (election == Election.PREFERRED && canLead(replicas.get(0))) {
            return replicas.get(0);
        }
        if (canLead(now.leader())) {
            return now.leader();
        }
        Optional<Integer> clean = replicas.stream().filter(this::canLead).findFirst();
        if (clean.isEmpty() && election == Election.UNCLEAN) {
            Optional<Integer> unclean = replicas.stream().filter(active::test).findFirst();
            unclean.ifPresent(this::electedUnclean);
            return unclean.orElse(PartitionView.NO_LEADER);
        }
        return clean.orElse(PartitionView.NO_LEADER);
    }

    private boolean canLead(int broker) {
        return isr.contains(broker) && active.test(broker);
    }

    private void electedUnclean(int leader) {
        isr = List.of(leader);
        recovering = true;
    }

    private List<Integer> ordered(List<Integer> brokers) {
        return brokers.equals(replicas) ? replicas : replicas.stream().filter(brokers::contains).toList();
    }

    private static List<Integer> without(List<Integer> from, List<Integer> which) {
        return from.stream().filter(id -> !which.contains(id)).toList();
    }

    private static List<Integer> concat(List<Integer> first, List<Integer> second) {
        List<Integer> all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }
}
