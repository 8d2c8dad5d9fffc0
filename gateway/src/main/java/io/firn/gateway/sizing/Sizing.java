package io.firn.gateway.sizing;

import java.time.Duration;

/**
 * What a workload takes of so many brokers. Disk is what each has to have, as replicas stay where they are when a broker is away; network and memory are reckoned for when one of several is, and the
 * others lead in its place. Immutable; all functions are pure.
 *
 * @param brokers that share the load
 */
public record Sizing(Workload workload, int brokers) {

    /** Used at most: the rest is for compaction, merging, file systems and mistakes. */
    public static final double DISK_USE = 0.8;

    /** Of the launcher's heap (256 MiB) and buffers (960 MiB), and of the JVM beside them: classes, compiled code, stacks. */
    static final double PROCESS_BYTES = 1.5 * (1 << 30);

    /** How far consumers may be behind and still read from memory. */
    static final Duration CACHED = Duration.ofSeconds(60);

    /** Of an upload: objects of up to one part are one request, larger ones one for each part and two around them. */
    static final double PART_BYTES = 20 << 20;

    /** That one GET of a long replay brings on average: neighbouring chunks, by the defaults of {@code cold.chunk.bytes} and {@code cold.read.ahead.bytes}. */
    static final double RUN_BYTES = 5 << 20;

    /** To the manifest, of one segment's life: PUT and LIST when it is appended and again when it is dropped, and a share of trimming (1 every 16 commits, of which it has 2) and of pages of 128 (1 when it is made, 1 when it is cut). */
    static final double MANIFEST_WRITES = 2 + 2 + 2 * 1.0 / 16 + 2.0 / 128;

    /** GET of the tail and of the manifest when it is appended, of the manifest when it is dropped, and a share of pages. */
    static final double LIFE_READS = 3 + 2.0 / 128;

    public static final double SECONDS_A_MONTH = 730 * 3600.0;

    public Sizing {
        if (brokers < workload.replicas()) {
            throw new IllegalArgumentException(workload.replicas() + " replicas need as many brokers, not " + brokers);
        }
    }

    /** Bytes that all of a broker's partitions have on its disk, open segments included, and the room that is kept free. */
    public double diskBytes() {
        double sealed = workload.bytesPerSecond() * workload.replicas() * (workload.localRetention().toSeconds() + workload.outageReserve().toSeconds());
        double open = workload.partitions() * (double) workload.replicas() * workload.sealedSegmentBytes();
        return (sealed + open) / brokers / DISK_USE;
    }

    /** The process, and the page cache from which what is new is read. */
    public double memoryBytes() {
        return PROCESS_BYTES + workload.bytesPerSecond() * workload.replicas() * CACHED.toSeconds() / serving();
    }

    /** From producers and leaders, and from the bucket for those who read what is old. */
    public double networkInBytesPerSecond() {
        return (workload.bytesPerSecond() * workload.replicas() + cold()) / serving();
    }

    /** To followers, consumers and the bucket. */
    public double networkOutBytesPerSecond() {
        double produced = workload.bytesPerSecond();
        return (produced * (workload.replicas() - 1) + produced * workload.consumers() + produced + cold()) / serving();
    }

    /** Bytes in the bucket once the oldest records expire: one copy, whatever the replicas. */
    public double bucketBytes() {
        return workload.bytesPerSecond() * workload.retention().toSeconds();
    }

    /** PUT, POST and LIST a month. DELETE costs nothing. */
    public double writesAMonth() {
        double bytes = workload.sealedSegmentBytes();
        double upload = bytes <= PART_BYTES ? 1 : Math.ceil(bytes / PART_BYTES) + 2;
        return segmentsAMonth() * (upload + MANIFEST_WRITES);
    }

    /** GET a month. */
    public double readsAMonth() {
        return segmentsAMonth() * LIFE_READS + cold() * SECONDS_A_MONTH / RUN_BYTES;
    }

    /** Bytes a month from one zone to another: from producers to leaders elsewhere, to followers in other zones, over which replicas are spread evenly, and to consumers that do not ask for a replica in their own. */
    public double zoneBytesAMonth(int zones) {
        double elsewhere = (zones - 1.0) / zones;
        double followers = workload.replicas() - replicasInTheSameZone(zones);
        double consumers = workload.rackAware() ? 0 : elsewhere * workload.consumers();
        return workload.bytesPerSecond() * (elsewhere + followers + consumers) * SECONDS_A_MONTH;
    }

    /** Whether a broker's machine, as the prices describe it, is enough for its share. */
    public boolean fits(Prices prices) {
        return diskBytes() <= prices.brokerDiskGb() * 1e9 && memoryBytes() <= prices.brokerMemoryGb() * 1e9
                && Math.max(networkInBytesPerSecond(), networkOutBytesPerSecond()) <= prices.brokerNetworkMb() * 1e6;
    }

    /** As a replica of a partition has them, itself included, on average. */
    private double replicasInTheSameZone(int zones) {
        int fewer = workload.replicas() / zones;
        int withOneMore = workload.replicas() % zones;
        double pairs = (double) withOneMore * (fewer + 1) * (fewer + 1) + (double) (zones - withOneMore) * fewer * fewer;
        return pairs / workload.replicas();
    }

    private double segmentsAMonth() {
        return workload.bytesPerSecond() * SECONDS_A_MONTH / workload.sealedSegmentBytes();
    }

    private double cold() {
        return workload.coldMegabytesPerSecond() * Workload.MEGABYTE;
    }

    /** Brokers that serve while one of several is away. */
    private int serving() {
        return Math.max(1, brokers - 1);
    }
}
