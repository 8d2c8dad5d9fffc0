package io.firn.gateway;

import io.firn.cold.ColdDiskConfig;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Credentials;
import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.transaction.TransactionSettings;
import io.firn.hot.Durability;
import io.firn.hot.FileDisk;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.membership.CpPeer;
import io.firn.membership.CpSeeds;
import io.firn.membership.CpSettings;
import io.firn.retention.CompactionLimits;
import io.firn.retention.RetentionConfig;
import io.firn.retention.ScratchSpace;
import io.firn.retention.ScrubConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Translates the broker's one tree of settings into the settings of each module. Pure. */
final class ModuleConfigs {

    /** Measured: a replay out of a directory is as fast with this as with 16 or 64 MiB. */
    private static final long FILE_READ_AHEAD_BYTES = 8L << 20;

    /** Kafka's {@code transaction.remove.expired.transaction.cleanup.interval.ms}. */
    private static final long TRANSACTIONAL_ID_EXPIRY_MS = 3_600_000;

    /** As {@code offsets.commit.timeout.ms} of the group coordinator. */
    private static final long TRANSACTION_WRITE_MS = 5_000;

    /** Free disk, in watermarks, below which the cold tier's cache on disk gives up what it has. */
    private static final long COLD_DISK_WATERMARKS = 3;

    private ModuleConfigs() {}

    static Path metadataDirectory(BrokerConfig config) {
        return config.data().dir().resolve("metadata");
    }

    static Path hotDirectory(BrokerConfig config) {
        return config.data().dir().resolve("hot");
    }

    static Path cpDirectory(BrokerConfig config) {
        return config.data().dir().resolve("cp");
    }

    static CpSettings consensus(BrokerConfig config, CpPeer.Presence presence) {
        BrokerConfig.Cluster cluster = config.cluster();
        CpSeeds seeds = switch (cluster.discovery()) {
            case "aws" -> new CpSeeds.Aws(cluster.discoverySettings());
            case "kubernetes" -> new CpSeeds.Kubernetes(cluster.discoverySettings());
            default -> new CpSeeds.Listed(cluster.seedList());
        };
        return new CpSettings(config.node().id(), cluster.name(), Optional.of(cluster.host()), cluster.port(), cluster.advertisedHost().map(host -> host + ":" + cluster.port()), seeds,
                cluster.voterIds().size(), CpSettings.Timings.DEFAULT, Optional.of(presence));
    }

    static HotStoreConfig hot(BrokerConfig config) {
        BrokerConfig.Log log = config.log();
        return new HotStoreConfig(hotDirectory(config), Durability.valueOf(log.durability().toUpperCase(Locale.ROOT)), log.flushTickMs(),
                log.ioThreads(), log.producerIdExpirationMs(), log.dirtyMaxBytes());
    }

    static ObjectStoreConfig objects(BrokerConfig config) {
        BrokerConfig.Cold cold = config.cold();
        Provider provider = Provider.valueOf(cold.provider().toUpperCase(Locale.ROOT));
        Optional<Path> directory = provider == Provider.FILE ? Optional.of(config.coldDirectory()) : Optional.empty();
        Optional<Credentials> credentials = cold.accessKey().flatMap(access -> cold.secretKey().map(secret -> new Credentials(access, secret)));
        return new ObjectStoreConfig(provider, directory, cold.endpoint().map(URI::create), cold.region(), cold.bucket(), credentials, cold.pathStyle(),
                cold.requestsInFlight(), cold.uploadParts(), cold.requestTimeoutMs(), cold.retryMaxAttempts(), encryption(cold));
    }

    private static Optional<Encryption> encryption(BrokerConfig.Cold cold) {
        return switch (cold.sse()) {
            case "s3" -> Optional.of(Encryption.S3);
            case "kms" -> Optional.of(Encryption.kms(cold.sseKmsKeyId()));
            default -> Optional.empty();
        };
    }

    static ColdStoreConfig cold(BrokerConfig config, String clusterId) {
        BrokerConfig.Cold cold = config.cold();
        return new ColdStoreConfig(cold.prefix().orElse(""), clusterId, cold.chunkBytes(), cold.cacheBytes(), cold.readParallelism(), readAheadBytes(cold),
                cold.uploadParallelism(), cold.requestTimeoutMs(), cold.retryMaxAttempts(), cold.deleteGraceMs(), cold.acceptNoConditionalWrites(), cold.pageCacheBytes(), Optional.of(coldDisk(config)));
    }

    /** None for objects in a directory: it would be a second copy on the same kind of disk. It goes before retention deletes anything early, which begins at twice the watermark. */
    private static ColdDiskConfig coldDisk(BrokerConfig config) {
        BrokerConfig.Cold cold = config.cold();
        return new ColdDiskConfig(config.data().dir().resolve("cold-cache"), cold.provider().equals("file") ? 0 : cold.diskCacheBytes(), COLD_DISK_WATERMARKS * config.log().diskWatermarkBytes(),
                cold.diskCacheWriteBytesPerSecond());
    }

    /** What is read ahead of one reader: a directory answers at once, so that more than a little would only take memory. */
    static long readAheadBytes(BrokerConfig.Cold cold) {
        return cold.provider().equals("file") ? Math.min(cold.readAheadBytes(), FILE_READ_AHEAD_BYTES) : cold.readAheadBytes();
    }

    static RetentionConfig retention(BrokerConfig config, HotStore hot) {
        return new RetentionConfig(config.retention().checkIntervalMs(), config.cold().uploadBytesPerSecond(), config.log().diskWatermarkBytes(),
                hot::usableBytes, config.cold().uploadParallelism(),
                new CompactionLimits(config.compaction().threads(), config.compaction().memoryBytes(), config.compaction().bytesPerSecond()), config.cold().mergeBytes(),
                new ScrubConfig(config.cold().sweepIntervalMs(), config.cold().sweepGraceMs(), config.cold().scrubIntervalMs(), config.cold().scrubBytesPerSecond()));
    }

    /** Threads that rewrite batches for topics with a {@code compression.type}. */
    static int recompressionThreads() {
        return RecompressionPool.threads(Runtime.getRuntime().availableProcessors(), Runtime.getRuntime().maxMemory());
    }

    static ScratchSpace scratch(BrokerConfig config) {
        return new ScratchSpace(new FileDisk(), config.data().dir().resolve("scratch"));
    }

    static int loops(BrokerConfig config) {
        return config.kafka().loops() > 0 ? config.kafka().loops() : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    static TransactionSettings transactions(BrokerConfig config) {
        BrokerConfig.Transaction transaction = config.transaction();
        return new TransactionSettings(transaction.maxTimeoutMs(), transaction.idExpirationMs(), transaction.abortIntervalMs(), TRANSACTIONAL_ID_EXPIRY_MS, TRANSACTION_WRITE_MS);
    }
}
