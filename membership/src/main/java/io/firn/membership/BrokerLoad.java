package io.firn.membership;

/**
 * What hangs on one broker. Immutable. Whoever stops or removes it asks this first.
 *
 * @param leaderships partitions it leads
 * @param replicas partitions that name it, those included that it is about to leave
 * @param alone partitions it alone is in sync of: without it they have no leader
 */
public record BrokerLoad(int leaderships, int replicas, int alone) {

    /** Looks at all partitions. */
    public static BrokerLoad of(ClusterView view, int broker) {
        int leaderships = 0;
        int replicas = 0;
        int alone = 0;
        for (TopicView topic : view.topics().values()) {
            for (PartitionView partition : topic.partitions()) {
                leaderships += partition.leader() == broker ? 1 : 0;
                replicas += partition.replicas().contains(broker) ? 1 : 0;
                alone += partition.isr().size() == 1 && partition.isr().get(0) == broker ? 1 : 0;
            }
        }
        return new BrokerLoad(leaderships, replicas, alone);
    }
}
