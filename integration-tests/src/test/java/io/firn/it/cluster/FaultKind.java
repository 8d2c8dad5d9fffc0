package io.firn.it.cluster;

import io.firn.it.cluster.Fault.Meanwhile;
import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.FakeTime;
import io.firn.it.harness.SmallDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;

/** What is done to clusters. Which broker it meets is drawn. */
enum FaultKind {
    /** kill -9 of the broker that leads some partition. */
    LEADER_KILLED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            TopicPartition partition = new TopicPartition(Workload.NUMBERED, random.nextInt(cluster.describe(Workload.NUMBERED).partitions().size()));
            int leader = cluster.leader(partition);
            return new Fault("kill -9 of broker " + leader + ", leader of " + partition, Meanwhile.ALL, () -> cluster.kill9(List.of(leader)), NOTHING);
        }
    },
    /** kill -9 of a broker that is started again at once. */
    KILLED_AND_STARTED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int broker = any(cluster, random);
            return new Fault("kill -9 of broker " + broker + ", started again at once", Meanwhile.ALL, () -> {
                cluster.kill9(List.of(broker));
                cluster.broker(broker).begin();
            }, NOTHING);
        }
    },
    /** SIGSTOP until others have taken over, then SIGCONT: it wakes up as a leader that is none. */
    PAUSED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            BrokerNode broker = cluster.broker(any(cluster, random));
            return new Fault("SIGSTOP of broker " + broker.bootstrap() + " until the others have taken over", Meanwhile.ALL, broker::pause, broker::resume);
        }
    },
    /** SIGSTOP for about as long as it takes to be given up. */
    PAUSED_SHORTLY {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            BrokerNode broker = cluster.broker(any(cluster, random));
            int ms = random.nextInt(LONGEST_PAUSE_MS);
            return new Fault("SIGSTOP of broker " + broker.bootstrap() + " for " + ms + " ms", Meanwhile.ALL, () -> {
                broker.pause();
                moment(ms);
                broker.resume();
            }, NOTHING);
        }
    },
    /** No broker hears it, and it hears none; clients reach all. */
    CUT_OFF {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int alone = any(cluster, random);
            return cut(cluster, "broker " + alone + " cut off from the others", others(cluster, alone).stream().flatMap(other -> List.of(new int[] {alone, other}, new int[] {other, alone}).stream()).toList());
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return severalAndCuts(cluster);
        }
    },
    /** It hears no broker, and all hear it. */
    DEAF {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int deaf = any(cluster, random);
            return cut(cluster, "nothing of the others reaches broker " + deaf, others(cluster, deaf).stream().map(other -> new int[] {other, deaf}).toList());
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return severalAndCuts(cluster);
        }
    },
    /** No broker hears it, and it hears all. */
    MUTE {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int mute = any(cluster, random);
            return cut(cluster, "nothing of broker " + mute + " reaches the others", others(cluster, mute).stream().map(other -> new int[] {mute, other}).toList());
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return severalAndCuts(cluster);
        }
    },
    /** Two brokers do not reach each other; a third reaches both, and both stay alive unless one is the controller. What a coordinator on the one has to tell a leader on the other waits, as in Kafka. */
    PAIR_PARTED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int one = any(cluster, random);
            List<Integer> others = others(cluster, one);
            int other = others.get(random.nextInt(others.size()));
            return cut(cluster, "brokers " + one + " and " + other + " parted", Meanwhile.ALL_BUT_TRANSACTIONS, List.of(new int[] {one, other}, new int[] {other, one}));
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return severalAndCuts(cluster);
        }
    },
    /** A broker's disk is full to the last byte. What it stores its votes on is full too: it may end. */
    DISK_FULL {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            SmallDisk disk = cluster.smallDisk().orElseThrow();
            return new Fault("the disk of broker " + cluster.brokerOnSmallDisk() + " is full", cluster.ids().size() > 1 ? Meanwhile.ALL : Meanwhile.NOBODY, disk::fill, disk::free);
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return cluster.smallDisk().isPresent();
        }
    },
    /** A broker's wall clock is minutes off, from a start to the next. */
    CLOCK_WRONG {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            int broker = any(cluster, random);
            int seconds = (random.nextBoolean() ? 1 : -1) * (60 + random.nextInt(MOST_SECONDS_OFF));
            return new Fault("the clock of broker " + broker + " is off by " + seconds + " s", Meanwhile.ALL,
                    () -> restart(cluster, broker, FakeTime.ahead(FakeTime.library().orElseThrow(), seconds)), () -> restart(cluster, broker, Map.of()));
        }

        private void restart(ClusterHarness cluster, int broker, Map<String, String> environment) {
            cluster.kill9(List.of(broker));
            cluster.broker(broker).surround(environment);
            cluster.broker(broker).begin();
        }

        @Override
        boolean possible(ClusterHarness cluster) {
            return FakeTime.library().isPresent();
        }
    },
    STORE_STOPPED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            return new Fault("the object store is stopped", Meanwhile.ALL_CAUGHT_UP, cluster.store()::stop, cluster.store()::resume);
        }
    },
    /** kill -9 of all at the same moment. */
    ALL_KILLED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            return new Fault("kill -9 of all brokers", Meanwhile.NOBODY, () -> cluster.kill9(cluster.ids()), NOTHING);
        }
    },
    /** kill -9 of a majority at the same moment. */
    MAJORITY_KILLED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            List<Integer> order = new ArrayList<>(cluster.ids());
            Collections.shuffle(order, random);
            List<Integer> killed = order.subList(0, order.size() / 2 + 1);
            return new Fault("kill -9 of brokers " + killed, Meanwhile.NOBODY, () -> cluster.kill9(killed), NOTHING);
        }
    },
    /** SIGTERM and start of one after the other, each when the one before is back in sync. */
    ROLLED {
        @Override
        Fault draw(ClusterHarness cluster, Random random) {
            return new Fault("rolling restart", Meanwhile.ALL, () -> cluster.ids().forEach(id -> {
                cluster.broker(id).stop();
                cluster.startMissing();
            }), NOTHING);
        }
    };

    private static final Runnable NOTHING = () -> { };
    private static final int LONGEST_PAUSE_MS = 8_000;
    /** Object stores refuse requests that are a quarter of an hour off. */
    private static final int MOST_SECONDS_OFF = 480;

    abstract Fault draw(ClusterHarness cluster, Random random);

    /** Whether it can be done to this cluster, on this machine. */
    boolean possible(ClusterHarness cluster) {
        return true;
    }

    private static boolean severalAndCuts(ClusterHarness cluster) {
        return cluster.ids().size() > 1 && cluster.network().cuts();
    }

    private static int any(ClusterHarness cluster, Random random) {
        return List.copyOf(cluster.ids()).get(random.nextInt(cluster.ids().size()));
    }

    private static List<Integer> others(ClusterHarness cluster, int broker) {
        return cluster.ids().stream().filter(id -> id != broker).toList();
    }

    private static Fault cut(ClusterHarness cluster, String what, List<int[]> ways) {
        return cut(cluster, what, Meanwhile.ALL, ways);
    }

    private static Fault cut(ClusterHarness cluster, String what, Meanwhile meanwhile, List<int[]> ways) {
        return new Fault(what, meanwhile, () -> ways.forEach(way -> cluster.network().cut(way[0], way[1])), cluster.network()::heal);
    }

    private static void moment(int ms) {
        long end = System.nanoTime() + Duration.ofMillis(ms).toNanos();
        Await.until("moment", () -> System.nanoTime() - end > 0);
    }
}
