package io.firn.gateway.partition;

import io.firn.gateway.peer.FetchLimits;
import io.firn.gateway.peer.PeerTransport;
import io.firn.hot.replication.Authority;
import io.firn.membership.Answer;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.DisconnectException;

/**
 * What partitions need to know of the cluster to be replicated. Immutable; what it holds is thread-safe.
 *
 * @param brokerId this broker
 * @param authority whether this broker may act as a leader
 * @param brokerEpoch of this process' registration
 * @param peers the way to the leaders that are followed
 * @param limits of what is fetched from them
 * @param monotonicMs a clock that no change of the wall clock moves
 * @param lagMs {@code replica.lag.time.max.ms}
 * @param view the newest cluster view this broker has applied
 * @param controller who decides on the replicas in sync
 * @param saveEveryMs how often high watermarks are saved; empty: never but at the end
 * @param onLostLog told, on any loop, when a log that this broker leads for others has gone offline: only another leader can serve it now. Not for a replica that failed while its log is in service
 */
public record Replication(int brokerId, Authority authority, LongSupplier brokerEpoch, PeerTransport peers, FetchLimits limits, LongSupplier monotonicMs, long lagMs, Supplier<ClusterView> view,
        Function<Command, CompletableFuture<Answer>> controller, Optional<Long> saveEveryMs, Consumer<String> onLostLog) {

    /** {@code replica.lag.time.max.ms} as Kafka has it. */
    public static final long DEFAULT_LAG_MS = 30_000;

    /** {@code replica.high.watermark.checkpoint.interval.ms} as Kafka has it. */
    public static final long SAVE_EVERY_MS = 5_000;

    /** Of a broker without others: each partition has one replica, and nobody is asked for anything. */
    public static Replication single(int brokerId) {
        return new Replication(brokerId, Authority.ALWAYS, () -> -1, (broker, loop, request, timeoutMs) -> alone(), FetchLimits.DEFAULT, () -> System.nanoTime() / 1_000_000, DEFAULT_LAG_MS,
                () -> ClusterView.EMPTY, command -> alone(), Optional.empty(), reason -> {});
    }

    private static <T> CompletableFuture<T> alone() {
        return CompletableFuture.failedFuture(new DisconnectException("this broker is alone"));
    }
}
