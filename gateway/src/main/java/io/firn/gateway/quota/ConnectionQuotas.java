package io.firn.gateway.quota;

import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections a second an address may open (KIP-612), on average over the last {@value Average#SAMPLES} seconds, and how long one that came too soon is kept from coming again.
 *
 * <p>Quotas may be set for host names: these are resolved when quotas change, and then stand for the address they had. The quota of a name that cannot be resolved is not applied, which is
 * logged.
 *
 * <p>Limits: {@link Counts#MAX} addresses are told apart. An address waits for {@link #MAX_WAIT_MS} at most.
 *
 * <p>Threading: thread-safe. {@link #changed} and {@link #waitMs} do not block; names are resolved on an executor of its own.
 */
public final class ConnectionQuotas {
    static final long MAX_WAIT_MS = Average.WINDOW_MS;
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionQuotas.class);
    private static final String QUOTA = "connection_creation_rate";

    private final Supplier<ClusterView> view;
    private final InstantSource clock;
    private final Executor resolving;
    private final Counts<Optional<InetAddress>, Average> counts = new Counts<>(Optional.empty(), Average::new);
    private volatile Map<QuotaEntity, Map<String, Double>> seen = Map.of();
    private volatile Limits limits = new Limits(Map.of(), Optional.empty());

    /** @param others of addresses that have none of their own */
    private record Limits(Map<InetAddress, Double> named, Optional<Double> others) {
        Optional<Double> of(InetAddress address) {
            return Optional.ofNullable(named.get(address)).or(() -> others);
        }
    }

    /** Nothing is limited before {@link #changed}. @param resolving may block; may drop a task while another has not begun */
    public ConnectionQuotas(Supplier<ClusterView> view, InstantSource clock, Executor resolving) {
        this.view = view;
        this.clock = clock;
        this.resolving = resolving;
    }

    /** What {@link #ConnectionQuotas} needs for names: one thread, while there is work. */
    public static ThreadPoolExecutor resolver() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1), task -> {
            Thread thread = new Thread(task, "firn-connection-quotas");
            thread.setDaemon(true);
            return thread;
        }, new ThreadPoolExecutor.DiscardPolicy());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** To be called at the start and whenever the cluster view has changed. */
    public void changed() {
        if (view.get().clients().quotas() != seen) {
            resolving.execute(this::resolve);
        }
    }

    private void resolve() {
        Map<QuotaEntity, Map<String, Double>> newest = view.get().clients().quotas();
        seen = newest;
        Map<InetAddress, Double> named = new HashMap<>();
        Optional<Double> others = Optional.empty();
        for (Map.Entry<QuotaEntity, Map<String, Double>> quotas : newest.entrySet()) {
            Optional<String> name = quotas.getKey().parts().get(QuotaEntity.IP);
            Double perSecond = quotas.getValue().get(QUOTA);
            if (name == null || perSecond == null) {
                continue;
            }
            if (name.isEmpty()) {
                others = Optional.of(perSecond);
            } else {
                address(name.get()).ifPresent(address -> named.put(address, perSecond));
            }
        }
        limits = new Limits(Map.copyOf(named), others);
    }

    private static Optional<InetAddress> address(String name) {
        try {
            return Optional.of(InetAddress.getByName(name));
        } catch (UnknownHostException e) {
            LOG.atWarn().addKeyValue("host", name).addKeyValue("reason", e.toString()).log("The connection quota of a host whose name cannot be resolved is not applied");
            return Optional.empty();
        }
    }

    /** Counts a connection and returns 0, or says for how many milliseconds its client is to be left waiting before it is sent away, and counts nothing. */
    public long waitMs(InetAddress address) {
        Optional<Double> perSecond = limits.of(address);
        if (perSecond.isEmpty()) {
            return 0;
        }
        long nowMs = clock.millis();
        return counts.with(Optional.of(address), nowMs, average -> {
            long waitMs = Math.min(MAX_WAIT_MS, average.add(1, perSecond.get(), nowMs));
            if (waitMs > 0) {
                average.add(-1, perSecond.get(), nowMs);
            }
            return waitMs;
        });
    }
}
