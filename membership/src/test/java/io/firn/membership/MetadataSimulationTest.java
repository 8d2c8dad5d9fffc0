package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.SimCluster.Node;
import io.firn.membership.storage.SimFolder.Loss;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Whole clusters through random trouble, on virtual time. What must hold is said and checked in {@link SimCluster}; in the end everything heals, and then they must agree and work. */
class MetadataSimulationTest {

    private static final long TROUBLE_MS = 15_000;

    @Test
    void noTroubleDividesTheHistoryOrLosesAnAnsweredCommand() {
        Seeds.forEach(200, seed -> new Trouble(seed).live());
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        assertThat(new Trouble(7).live()).isEqualTo(new Trouble(7).live());
    }

    private static final class Trouble {
        private final SimCluster cluster;
        private final RandomGenerator random;
        private final RandomCommands commands;
        private final Node victim;
        private boolean over;

        Trouble(long seed) {
            RandomGenerator shape = Seeds.random(~seed);
            Set<Integer> keepers = List.of(Set.of(0, 1, 2), Set.of(0, 1, 2, 3, 4), Set.of(0, 1, 2)).get(shape.nextInt(3));
            int brokers = keepers.size() + shape.nextInt(3);
            this.cluster = new SimCluster(seed, brokers, keepers, 1 + shape.nextInt(shape.nextBoolean() ? 10 : 100));
            this.random = cluster.time.random();
            this.commands = new RandomCommands(random, brokers);
            this.victim = cluster.nodes.get(shape.nextInt(keepers.size()));
        }

        /** @return what happened, in numbers */
        List<Object> live() {
            cluster.startAll();
            work();
            fail();
            cluster.run(TROUBLE_MS);
            over = true;
            heal();
            cluster.runUntil(60_000, "brokers agree after everything has healed", () -> cluster.agreed() && cluster.controller().isPresent());
            everyBrokerWorks();
            cluster.runUntil(60_000, "every command is answered", () -> cluster.nodes.values().stream().allMatch(node -> node.asked().isEmpty()));
            return List.of(cluster.time.events(), cluster.network.messages(), cluster.store.head(), cluster.answered, cluster.refused, cluster.unavailable);
        }

        private void everyBrokerWorks() {
            List<CompletableFuture<ClusterView>> answers = new ArrayList<>();
            cluster.nodes.values().forEach(node -> answers.add(node.submit(new Command.AllocateProducerIds(1))));
            cluster.runUntil(20_000, "commands are answered", () -> answers.stream().allMatch(CompletableFuture::isDone));
            answers.forEach(answer -> assertThat(answer).isCompleted());
            cluster.runUntil(5_000, "brokers agree in the end", cluster::agreed);
        }

        private void work() {
            if (!over) {
                Node node = any();
                if (node.running() && node.asked().size() < 20) {
                    node.submit(random.nextInt(3) == 0 ? new Command.AllocateProducerIds(1) : commands.next());
                }
                cluster.time.after(5 + random.nextLong(60), this::work);
            }
        }

        private Node any() {
            return cluster.nodes.get(random.nextInt(cluster.nodes.size()));
        }

        private void fail() {
            if (over) {
                return;
            }
            Node node = any();
            switch (random.nextInt(15)) {
                case 0, 1 -> restartAfter(node, 2_500, Loss.NOTHING, true);
                case 2 -> restartAfter(node, 2_500, random.nextBoolean() ? Loss.EVERYTHING : Loss.ANY_PART, false);
                case 3 -> cluster.nodes.values().forEach(each -> restartAfter(each, 1_500, Loss.ANY_PART, false));
                case 4, 5 -> cutPower(node);
                case 6, 7 -> partition();
                case 8 -> node.pauseFor(random.nextLong(3_500));
                case 9 -> cluster.store.lose(random.nextLong(3_500));
                case 10 -> node.cutFromStore(random.nextLong(5_000));
                case 11 -> cluster.network.faultOneIn(random.nextBoolean() ? 10 : 1_000);
                case 12 -> cluster.store.lossOneIn(random.nextBoolean() ? 5 : 1_000);
                case 13 -> cluster.store.depose();
                default -> lose();
            }
            cluster.time.after(50 + random.nextLong(900), this::fail);
        }

        private void restartAfter(Node node, long ms, Loss loss, boolean noticed) {
            node.stop(loss, noticed);
            cluster.time.after(1 + random.nextLong(ms), node::start);
        }

        /** In the middle of one of its next writes; or the disk gives an error. */
        private void cutPower(Node node) {
            if (node.running() && random.nextBoolean()) {
                node.folder.crashAt(1 + random.nextInt(30));
            } else if (node.running()) {
                node.folder.failAt(1 + random.nextInt(30));
            }
            cluster.time.after(2_000, () -> restartAfter(node, 500, Loss.ANY_PART, true));
        }

        private void partition() {
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                cluster.network.cut(any().id, any().id);
            }
            cluster.time.after(random.nextLong(3_000), cluster.network::heal);
        }

        /** Always the same keeper, so that every entry stays on another one. */
        private void lose() {
            victim.stop(Loss.EVERYTHING, random.nextBoolean());
            victim.loseDisk();
            cluster.time.after(1 + random.nextLong(1_500), victim::start);
        }

        private void heal() {
            cluster.network.heal();
            cluster.network.faultOneIn(Integer.MAX_VALUE);
            cluster.store.lossOneIn(Integer.MAX_VALUE);
            cluster.nodes.values().forEach(node -> restartAfter(node, 500, Loss.ANY_PART, false));
            cluster.run(10_000);
            cluster.nodes.values().forEach(Node::start);
        }
    }
}
