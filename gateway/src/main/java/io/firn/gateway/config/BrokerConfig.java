package io.firn.gateway.config;

import io.firn.membership.CpSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * All settings of a broker. Immutable; bounds are checked in the compact constructors.
 *
 * <p>The key of a setting is its group's name, a dot, and its own key: {@code kafka.port}. In the YAML file groups may be nested;
 * as an environment variable it is {@code FIRN_KAFKA_PORT}. Later sources win: defaults, file, environment, command line.
 */
public record BrokerConfig(Node node, Data data, Kafka kafka, Http http, Cluster cluster, Peer peer, Replica replica, Log log, Topic topic, Cold cold, Retention retention, Compaction compaction, Group group, Transaction transaction,
        Logging logging) {

    public BrokerConfig {
        if (cluster.present() && kafka.port() == 0) {
            throw new ConfigException("kafka.port is 0, but a broker of a cluster has to be found at the same port again after a restart");
        }
        if (cluster.present() && cold.provider().equals("file") && cold.fileDir().isEmpty()) {
            throw new ConfigException("cold.file.dir is not set, but all brokers of a cluster must use the same directory, or a bucket (cold.provider)");
        }
        refuseWildcard("kafka", kafka.clientHost(), kafka.host(), "clients");
        if (cluster.present()) {
            refuseWildcard("peer", peer.brokerHost(), peer.host(), "the other brokers");
            refuseWildcard("cluster", cluster.advertisedHost().orElse(cluster.host()), cluster.host(), "the other brokers");
        }
        if (cluster.present() && !cluster.voterIds().contains(node.id()) && cluster.seeds().isEmpty() && cluster.discovery().equals("list")) {
            throw new ConfigException("cluster.seeds is not set: a broker that is none of cluster.voters has to find them");
        }
    }

    /** All addresses of a machine are good to listen on, not to connect to. */
    private static void refuseWildcard(String group, String told, String bound, String who) {
        if (CpSettings.isWildcard(told)) {
            throw new ConfigException(group + ".advertised.host is not set to an address: " + group + ".host is " + bound + ", but " + who + " have to be told a single one");
        }
    }

    /** Replicas of a topic created without a number. */
    public int defaultReplicationFactor() {
        return topic.defaultReplicationFactor() > 0 ? topic.defaultReplicationFactor() : cluster.present() ? CLUSTER_REPLICATION_FACTOR : 1;
    }

    /** As many as there are voters at least. */
    private static final int CLUSTER_REPLICATION_FACTOR = 3;

    /** Directory of the cold tier, when its provider is {@code file}. */
    public Path coldDirectory() {
        return cold.fileDir().orElse(data.dir().resolve("cold"));
    }

    public record Node(
            @Setting(key = "id", value = "1", min = 0, max = Integer.MAX_VALUE, doc = "Number of this broker in its cluster, 0 or more.") int id,
            @Setting(key = "rack", doc = "Rack or zone the broker runs in.") Optional<String> rack) {
        public Node {
            Bounds.check(Node.class, id, rack);
        }
    }

    public record Data(
            @Setting(key = "dir", value = "./data", doc = "Directory of everything this broker stores locally.") Path dir) {
        public Data {
            Bounds.check(Data.class, dir);
        }
    }

    public record Kafka(
            @Setting(key = "host", value = "127.0.0.1", doc = "Address the Kafka listener binds to. 0.0.0.0 and :: mean all, and need kafka.advertised.host.") String host,
            @Setting(key = "port", value = "9092", min = 0, max = 65535, doc = "Port of the Kafka listener; 0 picks a free one.") int port,
            @Setting(key = "advertised.host", doc = "Host name clients are told to connect to; the bound one if not set.") Optional<String> advertisedHost,
            @Setting(key = "advertised.port", value = "0", min = 0, max = 65535, doc = "Port clients are told; 0 means the bound one.") int advertisedPort,
            @Setting(key = "loops", value = "0", min = 0, max = 256, doc = "Event loops; 0 means half the processors, at least one.") int loops,
            @Setting(key = "request.max.bytes", value = "104857600", unit = "bytes", min = 1024, max = Integer.MAX_VALUE, doc = "Largest request; a longer one closes the connection.") int requestMaxBytes,
            @Setting(key = "inflight.max.bytes", value = "134217728", unit = "bytes", min = 1024, doc = "Request bytes held in memory over all connections, direct memory; beyond it sockets are not read. In a cluster as much again for the other brokers' requests.") long inflightMaxBytes,
            @Setting(key = "connection.inflight.max", value = "32", min = 1, max = 10_000, doc = "Requests of one connection being served at once; beyond it its socket is not read.") int connectionInflightMax,
            @Setting(key = "connection.idle.ms", value = "600000", unit = "ms", min = 1, doc = "Idle time after which a connection is closed.") long connectionIdleMs,
            @Setting(key = "connection.stall.ms", value = "30000", unit = "ms", min = 1, doc = "Time without progress inside a request or response after which a connection is closed.") long connectionStallMs,
            @Setting(key = "connections.max", value = "10000", min = 1, max = 1_000_000, doc = "Connections at the same time; further ones are closed at once.") int connectionsMax) {
        public Kafka {
            Bounds.check(Kafka.class, host, port, advertisedHost, advertisedPort, loops, requestMaxBytes, inflightMaxBytes,
                    connectionInflightMax, connectionIdleMs, connectionStallMs, connectionsMax);
        }

        /** Host name that clients are told. */
        public String clientHost() {
            return advertisedHost.orElse(host);
        }

        /** Port that clients are told, when the listener is bound to {@code boundPort}. */
        public int clientPort(int boundPort) {
            return advertisedPort > 0 ? advertisedPort : boundPort;
        }
    }

    public record Http(
            @Setting(key = "host", value = "127.0.0.1", doc = "Address the HTTP listener binds to.") String host,
            @Setting(key = "port", value = "8080", min = 0, max = 65535, doc = "Port of the HTTP listener; 0 picks a free one.") int port) {
        public Http {
            Bounds.check(Http.class, host, port);
        }
    }

    public record Cluster(
            @Setting(key = "voters", doc = "Ids of the brokers that vote, keep the metadata and may become the controller: 3, 5 or 7 of them with commas, the same on every broker. Empty: this broker runs alone.") Optional<String> voters,
            @Setting(key = "name", value = "firn", doc = "Brokers with another name are kept away.") String name,
            @Setting(key = "seeds", doc = "host:port of brokers' cluster connections, with commas; a name that resolves to several addresses means all of them.") Optional<String> seeds,
            @Setting(key = "discovery", value = "list", oneOf = {"list", "aws", "kubernetes"}, doc = "How the other brokers are found. list: cluster.seeds. aws, kubernetes: Hazelcast's, with cluster.discovery.settings.") String discovery,
            @Setting(key = "discovery.settings", doc = "Properties of the discovery, by Hazelcast's names: service-dns, service-port, region, tag-key, hz-port, ...") Map<String, String> discoverySettings,
            @Setting(key = "host", value = "127.0.0.1", doc = "Address of this machine that the cluster connection binds to, for consensus and for noticing lost brokers. 0.0.0.0 and :: mean all, and need cluster.advertised.host.") String host,
            @Setting(key = "port", value = "5701", min = 1, max = 65535, doc = "Port of the cluster connection.") int port,
            @Setting(key = "advertised.host", doc = "Host the other brokers are told to connect to; the bound one if not set.") Optional<String> advertisedHost,
            @Setting(key = "session.timeout.ms", value = "6000", unit = "ms", min = 2000, max = 300_000, doc = "Silence after which a broker is taken for dead and others lead what it led. It stops acting as a leader by its own clock after nine tenths of that. Too small: a pause of its collector or disk costs it its leaderships; too large: the loss of a machine, not of a process, is noticed late.") int sessionTimeoutMs) {
        public Cluster {
            Bounds.check(Cluster.class, voters, name, seeds, discovery, discoverySettings, host, port, advertisedHost, sessionTimeoutMs);
            discoverySettings = Map.copyOf(discoverySettings);
            if (voters.isEmpty() && seeds.isPresent()) {
                throw new ConfigException("cluster.seeds is set, but cluster.voters is not: a broker of a cluster has to know who votes");
            }
            Set<Integer> ids = ids(voters.orElse(""));
            if (!ids.isEmpty() && ids.size() != 3 && ids.size() != 5 && ids.size() != 7) {
                throw new ConfigException("cluster.voters names " + ids.size() + " brokers, " + ids + ", but 3, 5 or 7 vote");
            }
        }

        private static Set<Integer> ids(String text) {
            Set<Integer> ids = new TreeSet<>();
            for (String id : text.split(",")) {
                if (!id.isBlank() && !(id.strip().matches("\\d{1,9}") && ids.add(Integer.valueOf(id.strip())))) {
                    throw new ConfigException("cluster.voters is \"" + text + "\", but must be different broker ids with commas");
                }
            }
            return ids;
        }

        /** Whether this broker is one of a cluster, not alone. */
        public boolean present() {
            return !voterIds().isEmpty();
        }

        public Set<Integer> voterIds() {
            return ids(voters.orElse(""));
        }

        public List<String> seedList() {
            return Arrays.stream(seeds.orElse("").split(",")).map(String::strip).filter(seed -> !seed.isEmpty()).toList();
        }
    }

    public record Peer(
            @Setting(key = "host", value = "127.0.0.1", doc = "Address that the listener for other brokers binds to. It belongs in the private network of the brokers: whoever reaches it can read all records. 0.0.0.0 and :: mean all, and need peer.advertised.host in a cluster.") String host,
            @Setting(key = "port", value = "9093", min = 1, max = 65535, doc = "Port of the listener for other brokers.") int port,
            @Setting(key = "advertised.host", doc = "Host name other brokers are told to connect to; the bound one if not set.") Optional<String> advertisedHost) {
        public Peer {
            Bounds.check(Peer.class, host, port, advertisedHost);
        }

        /** Host name that other brokers are told. */
        public String brokerHost() {
            return advertisedHost.orElse(host);
        }
    }

    public record Replica(
            @Setting(key = "lag.time.max.ms", value = "30000", unit = "ms", min = 1, max = 3_600_000, doc = "Time after which a follower that has not caught up is in sync no more. Too small: a pause costs it; too large: acks=all waits longer for a follower that hangs.") long lagTimeMaxMs,
            @Setting(key = "fetch.max.bytes", value = "1048576", unit = "bytes", min = 1024, max = 1 << 30, doc = "Records of one partition in one answer to a follower; a first batch may be larger.") int fetchMaxBytes,
            @Setting(key = "fetch.response.max.bytes", value = "10485760", unit = "bytes", min = 1024, max = 55 << 20, doc = "Records in one answer to a follower; held in its memory until they are appended.") int fetchResponseMaxBytes,
            @Setting(key = "fetch.wait.max.ms", value = "500", unit = "ms", min = 1, max = 10_000, doc = "How long a leader keeps a follower's request for which it has nothing.") int fetchWaitMaxMs) {
        public Replica {
            Bounds.check(Replica.class, lagTimeMaxMs, fetchMaxBytes, fetchResponseMaxBytes, fetchWaitMaxMs);
            if (fetchWaitMaxMs >= lagTimeMaxMs) {
                throw new ConfigException("replica.fetch.wait.max.ms is " + fetchWaitMaxMs + ", but must be less than replica.lag.time.max.ms, " + lagTimeMaxMs);
            }
        }
    }

    public record Log(
            @Setting(key = "durability", value = "fsync", oneOf = {"fsync", "os"}, doc = "fsync: a batch is committed after it was forced to disk, by group commit. os: as soon as the operating system has it (survives kill -9, not a power loss).") String durability,
            @Setting(key = "flush.tick.ms", value = "1", unit = "ms", min = 0, max = 100, doc = "Shortest time between two rounds of forcing. Smaller costs more disk operations, larger adds latency.") int flushTickMs,
            @Setting(key = "io.threads", value = "4", min = 1, max = 256, doc = "Threads for recovery, segment rolls, deletes and cold pages.") int ioThreads,
            @Setting(key = "producer.id.expiration.ms", value = "86400000", unit = "ms", min = 1, doc = "Idle time after which an idempotent producer is forgotten.") long producerIdExpirationMs,
            @Setting(key = "dirty.max.bytes", value = "67108864", unit = "bytes", min = 4096, doc = "Appended bytes of one log after which they are forced in the background.") long dirtyMaxBytes,
            @Setting(key = "disk.watermark.bytes", value = "536870912", unit = "bytes", min = 0, doc = "Free disk space below which produce is refused with a retriable error. Looked at every retention.check.interval.ms: should hold more than is produced in that time.") long diskWatermarkBytes) {
        public Log {
            Bounds.check(Log.class, durability, flushTickMs, ioThreads, producerIdExpirationMs, dirtyMaxBytes, diskWatermarkBytes);
        }
    }

    public record Topic(
            @Setting(key = "auto.create", value = "true", doc = "Create a topic when a client asks for its metadata and allows it.") boolean autoCreate,
            @Setting(key = "default.partitions", value = "1", min = 1, max = 10_000, doc = "Partitions of a topic created without a number.") int defaultPartitions,
            @Setting(key = "default.replication.factor", value = "0", min = 0, max = 1000, doc = "Replicas of a topic created without a number; 0 means three in a cluster, and one on a broker that runs alone.") int defaultReplicationFactor,
            @Setting(key = "defaults", doc = "Topic configs (Kafka's names) that differ from the built-in defaults, for all topics.") Map<String, String> defaults) {
        public Topic {
            Bounds.check(Topic.class, autoCreate, defaultPartitions, defaultReplicationFactor, defaults);
            defaults = Map.copyOf(defaults);
        }
    }

    public record Cold(
            @Setting(key = "provider", value = "file", oneOf = {"file", "s3", "minio"}, doc = "file: a directory. s3: AWS SDK. minio: MinIO client.") String provider,
            @Setting(key = "prefix", doc = "Key prefix of everything this cluster writes.") Optional<String> prefix,
            @Setting(key = "file.dir", doc = "Directory of the file provider; cold/ below data.dir if not set.") Optional<Path> fileDir,
            @Setting(key = "endpoint", doc = "URL of the S3 server; the SDK's regional one if not set.") Optional<String> endpoint,
            @Setting(key = "region", value = "us-east-1", doc = "Region used for signing.") String region,
            @Setting(key = "bucket", doc = "Bucket; required for s3 and minio.") Optional<String> bucket,
            @Setting(key = "access.key", secret = true, doc = "Access key; the provider's own credential chain if not set.") Optional<String> accessKey,
            @Setting(key = "secret.key", secret = true, doc = "Secret key.") Optional<String> secretKey,
            @Setting(key = "path.style", value = "true", doc = "Address buckets by path instead of host name.") boolean pathStyle,
            @Setting(key = "sse", value = "bucket", oneOf = {"bucket", "s3", "kms"}, doc = "Encryption at rest that each object written asks the store for. bucket: none, its own default holds. s3: SSE-S3. kms: SSE-KMS. What was written before keeps what it has.") String sse,
            @Setting(key = "sse.kms.key.id", doc = "Key of cold.sse=kms; the account's default key if not set. Brokers, and whoever reads the bucket without them, need the permission to use it.") Optional<String> sseKmsKeyId,
            @Setting(key = "chunk.bytes", value = "1048576", unit = "bytes", min = 65_536, max = 67_108_864, doc = "Unit of reading, caching and checksums.") int chunkBytes,
            @Setting(key = "cache.bytes", value = "536870912", unit = "bytes", min = 65_536, doc = "Memory for chunks and indexes of segments, all readers together; taken as cold data is read, most of it direct memory. A broker does not start if the JVM allows less than its settings may take (-XX:MaxDirectMemorySize); the launcher's allows what --set, the environment or a line of the file says. Too small, and readers that are many have little read ahead each, and take more requests.") long cacheBytes,
            @Setting(key = "disk.cache.bytes", value = "1073741824", unit = "bytes", min = 0, doc = "Disk space, cold-cache/ below data.dir, for chunks that were asked for more than once; 0 is none, and there is none with cold.provider=file. What it saves are requests, and the time of distant stores; a disk that is slower than the store makes it useless. It is emptied at each start, and given up when less than three times log.disk.watermark.bytes is free.") long diskCacheBytes,
            @Setting(key = "disk.cache.write.bytes.per.second", value = "67108864", unit = "bytes/s", min = 0, doc = "Most bytes a second that are written to that cache; 0 is no bound. What is more is not written. It is the disk that batches are forced to: too large, and replays of much that was read before slow producers down; too small, and it takes many replays until they find something.") long diskCacheWriteBytesPerSecond,
            @Setting(key = "read.parallelism", value = "128", min = 1, max = 1024, doc = "Ranged GETs in flight in all. Too small, and a distant store is waited for; the store has a connection for each, and provider file or minio a thread. With the parts of cold.upload.parallelism 1024 at most.") int readParallelism,
            @Setting(key = "read.ahead.bytes", value = "268435456", unit = "bytes", min = 65_536, doc = "Most bytes fetched ahead of one reader, if there is memory: somewhat less than 7/16 of cold.cache.bytes for all. A distant store gives no more than that in the time to its first byte. Provider file gets 8 MiB at most, as more gains nothing there.") long readAheadBytes,
            @Setting(key = "upload.parallelism", value = "2", min = 1, max = 64, doc = "Segments uploaded at the same time; to a bucket in parts, for each two segments three at a time, of 20 MiB of heap each.") int uploadParallelism,
            @Setting(key = "upload.bytes.per.second", value = "0", unit = "bytes/s", min = 0, doc = "Upper bound of the offload rate; 0 is no bound.") long uploadBytesPerSecond,
            @Setting(key = "request.timeout.ms", value = "15000", unit = "ms", min = 10, max = 3_600_000, doc = "Time without progress after which a request to the store counts as failed.") long requestTimeoutMs,
            @Setting(key = "retry.max.attempts", value = "4", min = 1, max = 100, doc = "Attempts per request before the error is handed on.") int retryMaxAttempts,
            @Setting(key = "delete.grace.ms", value = "300000", unit = "ms", min = 0, doc = "Time between dropping a segment from the manifest and deleting its object. Should be longer than a read may take, cold.request.timeout.ms times cold.retry.max.attempts: a read in progress loses its object otherwise and has to be made anew.") long deleteGraceMs,
            @Setting(key = "accept.no.conditional.writes", value = "false", doc = "Run on a store that ignores or refuses If-None-Match. Then only leadership keeps writers apart, a create looks first and is sent without it, and orphans are told but never deleted, as nothing proves that they are none.") boolean acceptNoConditionalWrites,
            @Setting(key = "page.cache.bytes", value = "16777216", unit = "bytes", min = 1_048_576, doc = "Memory for manifest pages, of partitions with more than some hundred segments. Too small, and a read of old records reads a page of up to 240 KiB first.") long pageCacheBytes,
            @Setting(key = "merge.bytes", value = "67108864", unit = "bytes", min = 0, max = 1_073_741_824, doc = "Most log bytes of an object that small segments of slow topics are merged into, eight or more at once; 0 leaves them as they are. Larger ones make fewer objects and requests, and need as much room on the disk while one is written.") long mergeBytes,
            @Setting(key = "sweep.interval.ms", value = "86400000", unit = "ms", min = 0, doc = "Time between two comparisons of a partition's objects with its manifest: what nothing names is deleted, what is missing is told. Three requests each, for most partitions. Leaks and losses are noticed later with a longer one; 0 turns it off.") long sweepIntervalMs,
            @Setting(key = "sweep.grace.ms", value = "3600000", unit = "ms", min = 0, doc = "Age of an object below which the sweep leaves it alone though nothing names it. Nothing depends on it but requests: what is younger is often an upload on its way.") long sweepGraceMs,
            @Setting(key = "scrub.interval.ms", value = "2592000000", unit = "ms", min = 0, doc = "Time in which every object of the cold tier is read once and its checksums are checked, as far as cold.scrub.bytes.per.second allows; 0 turns it off.") long scrubIntervalMs,
            @Setting(key = "scrub.bytes.per.second", value = "4194304", unit = "bytes/s", min = 1, doc = "Most bytes a broker reads for that, and fetches from other brokers for what is broken. Too small, and a round over all it leads takes longer than the interval: 4 MiB/s are 10 TB in 30 days. A store that charges for what leaves it charges for this too.") long scrubBytesPerSecond) {
        public Cold {
            Bounds.check(Cold.class, provider, prefix, fileDir, endpoint, region, bucket, accessKey, secretKey, pathStyle, sse, sseKmsKeyId, chunkBytes,
                    cacheBytes, diskCacheBytes, diskCacheWriteBytesPerSecond, readParallelism, readAheadBytes, uploadParallelism, uploadBytesPerSecond, requestTimeoutMs,
                    retryMaxAttempts, deleteGraceMs, acceptNoConditionalWrites, pageCacheBytes, mergeBytes, sweepIntervalMs, sweepGraceMs, scrubIntervalMs, scrubBytesPerSecond);
            if (cacheBytes < (long) CACHE_MIN_CHUNKS * chunkBytes) {
                throw new ConfigException("cold.cache.bytes is " + cacheBytes + ", but must hold at least " + CACHE_MIN_CHUNKS + " chunks of cold.chunk.bytes, " + chunkBytes);
            }
            if (diskCacheBytes > 0 && diskCacheBytes < (long) CACHE_MIN_CHUNKS * chunkBytes) {
                throw new ConfigException("cold.disk.cache.bytes is " + diskCacheBytes + ", but must be 0 or hold at least " + CACHE_MIN_CHUNKS + " chunks of cold.chunk.bytes, " + chunkBytes);
            }
            if (diskCacheBytes / chunkBytes > DISK_CACHE_MOST_CHUNKS) {
                throw new ConfigException("cold.disk.cache.bytes is " + diskCacheBytes + ", but holds at most " + DISK_CACHE_MOST_CHUNKS + " chunks of cold.chunk.bytes, " + chunkBytes + ": each takes some 230 bytes of the heap");
            }
            if (readParallelism + uploadParts(uploadParallelism) > MOST_REQUESTS) {
                throw new ConfigException("cold.read.parallelism is " + readParallelism + ", but with " + uploadParts(uploadParallelism) + " parts of cold.upload.parallelism, " + uploadParallelism
                        + ", a store takes no more than " + MOST_REQUESTS + " requests at once");
            }
            if (!provider.equals("file") && bucket.isEmpty()) {
                throw new ConfigException("cold.bucket is not set, but cold.provider " + provider + " needs one");
            }
            if (provider.equals("file") && !sse.equals("bucket")) {
                throw new ConfigException("cold.sse is " + sse + ", but cold.provider file encrypts nothing");
            }
            if (sseKmsKeyId.isPresent() && !sse.equals("kms")) {
                throw new ConfigException("cold.sse.kms.key.id is set, but cold.sse is " + sse + ", not kms");
            }
            if (accessKey.isPresent() != secretKey.isPresent()) {
                throw new ConfigException("cold.access.key and cold.secret.key go together, but only one of them is set");
            }
        }

        /** Parts that are sent at the same time: of two segments three in all, as much memory as four each of 8 MiB would take; of one alone two, so that one is read while the other is sent. */
        private static final int PARTS_OF_TWO = 3;

        /** Of a store at the same time, reading and writing ({@code ObjectStoreConfig}). */
        private static final int MOST_REQUESTS = 1024;

        /** Parts of uploads that are sent at the same time. */
        public int uploadParts() {
            return uploadParts(uploadParallelism);
        }

        private static int uploadParts(int segments) {
            return (segments * PARTS_OF_TWO + 1) / 2;
        }

        /** Requests that the store takes at the same time. */
        public int requestsInFlight() {
            return readParallelism + uploadParts();
        }

        /** Fewer could not keep several readers and their read-ahead apart ({@code ColdStoreConfig}). */
        private static final int CACHE_MIN_CHUNKS = 8;

        /** 60 MB of the launcher's heap of 256 MiB: 256 GiB of disk with chunks of 1 MiB. */
        private static final int DISK_CACHE_MOST_CHUNKS = 1 << 18;

        /** Without the credentials. */
        @Override
        public String toString() {
            return "Cold[provider=" + provider + ", endpoint=" + endpoint + ", region=" + region + ", bucket=" + bucket + ", prefix=" + prefix + ", fileDir=" + fileDir + "]";
        }
    }

    public record Retention(
            @Setting(key = "check.interval.ms", value = "1000", unit = "ms", min = 1, doc = "Time between two looks at a partition's segments.") long checkIntervalMs) {
        public Retention {
            Bounds.check(Retention.class, checkIntervalMs);
        }
    }

    public record Compaction(
            @Setting(key = "threads", value = "1", min = 1, max = 64, doc = "Local logs compacted at the same time.") int threads,
            @Setting(key = "memory.bytes", value = "16777216", unit = "bytes", min = 65_536, doc = "Memory for the keys of one compaction, about 27 bytes a key; there are compaction.threads of local logs at once, and one in the cold tier. With less, a pass covers less of the log and more passes are needed.") long memoryBytes,
            @Setting(key = "bytes.per.second", value = "0", unit = "bytes/s", min = 0, doc = "Upper bound of what compaction of local logs reads and writes; 0 is no bound.") long bytesPerSecond) {
        public Compaction {
            Bounds.check(Compaction.class, threads, memoryBytes, bytesPerSecond);
        }
    }

    public record Group(
            @Setting(key = "offsets.partitions", value = "50", min = 1, max = 10_000, doc = "Partitions of __consumer_offsets; fixed once the topic exists.") int offsetsPartitions,
            @Setting(key = "offsets.replication.factor", value = "3", min = 1, max = 32_767, doc = "Replicas of __consumer_offsets when it is made; fewer in a cluster that has fewer brokers.") int offsetsReplicationFactor,
            @Setting(key = "coordinator.threads", value = "1", min = 1, max = 64, doc = "Threads of the group coordinator.") int coordinatorThreads,
            @Setting(key = "settings", doc = "Further group.* and share.coordinator.* settings of Apache Kafka, by their names there.") Map<String, String> settings) {
        public Group {
            Bounds.check(Group.class, offsetsPartitions, offsetsReplicationFactor, coordinatorThreads, settings);
            settings = Map.copyOf(settings);
        }
    }

    public record Transaction(
            @Setting(key = "state.partitions", value = "50", min = 1, max = 10_000, doc = "Partitions of __transaction_state; fixed once the topic exists.") int statePartitions,
            @Setting(key = "state.replication.factor", value = "3", min = 1, max = 32_767, doc = "Replicas of __transaction_state when it is made; fewer in a cluster that has fewer brokers.") int stateReplicationFactor,
            @Setting(key = "max.timeout.ms", value = "900000", unit = "ms", min = 1, max = Integer.MAX_VALUE, doc = "Longest transaction a producer may ask for. While one is open, read_committed readers of its partitions wait.") int maxTimeoutMs,
            @Setting(key = "id.expiration.ms", value = "604800000", unit = "ms", min = 1, doc = "Time without use after which a transactional id is forgotten.") long idExpirationMs,
            @Setting(key = "abort.interval.ms", value = "10000", unit = "ms", min = 10, max = 3_600_000, doc = "Time between two looks for transactions that are open for longer than their producers' timeout, and are aborted then.") long abortIntervalMs) {
        public Transaction {
            Bounds.check(Transaction.class, statePartitions, stateReplicationFactor, maxTimeoutMs, idExpirationMs, abortIntervalMs);
        }
    }

    public record Logging(
            @Setting(key = "level", value = "info", oneOf = {"error", "warn", "info", "debug", "trace"}, doc = "Least severe level of Firn's own log lines; libraries stay at warn or above it.") String level,
            @Setting(key = "format", value = "text", oneOf = {"text", "json"}, doc = "text: key=value lines. json: one JSON object a line.") String format) {
        public Logging {
            Bounds.check(Logging.class, level, format);
        }
    }
}
