package io.firn.gateway.sizing;

/** What a cluster costs a month, by what it is paid for. Immutable. */
public record MonthlyCost(double brokers, double storage, double writes, double reads, double zones) {

    private static final double HOURS_A_MONTH = Sizing.SECONDS_A_MONTH / 3600;

    /** A GB is 10^9 bytes. */
    private static final double GB = 1e9;

    public static MonthlyCost of(Sizing sizing, Prices prices) {
        return new MonthlyCost(sizing.brokers() * prices.brokerHour() * HOURS_A_MONTH, sizing.bucketBytes() / GB * prices.storageGbMonth(), sizing.writesAMonth() / 1000 * prices.writes1000(),
                sizing.readsAMonth() / 1000 * prices.reads1000(), sizing.zoneBytesAMonth(prices.zones()) / GB * prices.zoneGb());
    }

    public double total() {
        return brokers + storage + writes + reads + zones;
    }
}
