package io.firn.gateway;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.gateway.config.BrokerConfig;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The memory that a broker's settings let it take, against what the JVM allows: so that one is refused at its start, not in the midst of a replay.
 *
 * <p>Direct memory is asked for when it is needed, and what the cold cache cannot get it goes without; but then connections get none either, and each refusal costs whoever asked half a second and a full collection.
 * So settings that do not fit are refused. Of the heap only large parts are reckoned, and all of them at their limits, which they seldom are at once; so that is said, and no more.
 *
 * <p>Immutable; bytes by who takes them, in the order in which people should read them.
 */
record MemoryNeeds(Map<String, Long> direct, Map<String, Long> heap) {

    /** Direct memory of what has no setting: receive and send buffers of connections, answers of other brokers, scans. */
    static final long OTHER_DIRECT_BYTES = 64L << 20;

    /** Heap of a broker that does nothing. */
    private static final long OTHER_HEAP_BYTES = 40L << 20;

    /** Of what is kept, as much again may be on its way. */
    private static final int KEPT_AND_ON_THE_WAY = 2;

    /** Of a chunk on local disk, and of those that are remembered beside it. */
    private static final long DISK_CHUNK_BYTES = 232;

    private static final long MIB = 1 << 20;

    /** More than any JVM has; some settings are bounded by nothing. */
    private static final long MOST_BYTES = 1L << 50;

    static MemoryNeeds of(BrokerConfig config) {
        ColdStoreConfig cold = ModuleConfigs.cold(config, "");
        ObjectStoreConfig objects = ModuleConfigs.objects(config);
        Map<String, Long> direct = new LinkedHashMap<>();
        direct.put("cold.cache.bytes", cold.directBytes());
        direct.put("kafka.inflight.max.bytes", times(config.cluster().present() ? 2 : 1, config.kafka().inflightMaxBytes())); // brokers have a listener of their own
        direct.put("requests to the object store", ObjectStores.directBytes(objects));
        direct.put("everything else", OTHER_DIRECT_BYTES);
        Map<String, Long> heap = new LinkedHashMap<>();
        heap.put("indexes of cold.cache.bytes", KEPT_AND_ON_THE_WAY * cold.indexBytes());
        heap.put("cold.page.cache.bytes", times(KEPT_AND_ON_THE_WAY, cold.pageCacheBytes()));
        heap.put("parts of cold.upload.parallelism", ObjectStores.uploadHeapBytes(objects));
        heap.put("compaction.memory.bytes", times(config.compaction().threads() + 1, config.compaction().memoryBytes())); // and one in the cold tier
        heap.put("index of cold.disk.cache.bytes", cold.disk().map(disk -> times(DISK_CHUNK_BYTES, disk.bytes() / cold.chunkBytes())).orElse(0L));
        heap.put("everything else", OTHER_HEAP_BYTES);
        return new MemoryNeeds(direct, heap);
    }

    /** What this JVM allows of direct memory: the option, or as much as the heap. */
    static long directLimitBytes() {
        VMOption option = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption("MaxDirectMemorySize");
        return option.getOrigin() == VMOption.Origin.DEFAULT ? Runtime.getRuntime().maxMemory() : Long.parseLong(option.getValue()); // 0 when not given, and when given as 0
    }

    /** @throws StartupException if that is less than what the settings may take */
    void requireDirect(long limitBytes) {
        lacking(direct, limitBytes).ifPresent(parts -> {
            throw new StartupException("the settings may take more direct memory than the JVM allows, " + parts + "; raise -XX:MaxDirectMemorySize (FIRN_JAVA_OPTS=-XX:MaxDirectMemorySize=" + mib(total(direct)) + "m), or lower them");
        });
    }

    /** If all that is reckoned of the heap is more than this, which parts. */
    Optional<String> lackingHeap(long limitBytes) {
        return lacking(heap, limitBytes);
    }

    private static Optional<String> lacking(Map<String, Long> parts, long limitBytes) {
        return total(parts) <= limitBytes ? Optional.empty() : Optional.of(mib(total(parts)) + " MiB of " + limitBytes / MIB + ": "
                + parts.entrySet().stream().filter(part -> part.getValue() > 0).map(part -> part.getKey() + " " + mib(part.getValue())).collect(Collectors.joining(", ")));
    }

    private static long total(Map<String, Long> parts) {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long times(long count, long bytes) {
        return count * Math.min(bytes, MOST_BYTES);
    }

    /** Rounded up. */
    private static long mib(long bytes) {
        return (bytes + MIB - 1) / MIB;
    }
}
