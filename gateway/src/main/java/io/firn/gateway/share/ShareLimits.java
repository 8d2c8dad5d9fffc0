package io.firn.gateway.share;

/**
 * What a share group's configs say about its share partitions.
 *
 * @param maxInFlight records between the first that is not finished and the last that was delivered ({@code share.partition.max.record.locks})
 * @param deliveryLimit deliveries of one record before it is given up ({@code share.delivery.count.limit})
 * @param lockMs how long a member has a record before others may have it ({@code share.record.lock.duration.ms})
 * @param renewable whether a member may prolong that ({@code share.renew.acknowledge.enable})
 */
record ShareLimits(int maxInFlight, int deliveryLimit, int lockMs, boolean renewable) {

    ShareLimits {
        if (maxInFlight < 1 || deliveryLimit < 1 || lockMs < 1) {
            throw new IllegalArgumentException("limits of a share group must be positive");
        }
    }

    /** Where a record that is given back goes. */
    DeliveryState afterRelease(int deliveryCount) {
        return deliveryCount >= deliveryLimit ? DeliveryState.ARCHIVED : DeliveryState.AVAILABLE;
    }

    /**
     * Deliveries from which on records come in ever smaller portions, the last time one by one, so that the record that makes its members fail is found and not
     * all its neighbours are given up with it.
     */
    int suspectFrom() {
        return Math.max(2, (deliveryLimit + 1) / 2);
    }

    /** Whether the next delivery of such a record is its last one, to be made alone. */
    boolean lastChance(int deliveryCount) {
        return deliveryLimit > 2 && deliveryCount == deliveryLimit - 1;
    }
}
