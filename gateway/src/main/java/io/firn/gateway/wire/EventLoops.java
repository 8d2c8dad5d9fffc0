package io.firn.gateway.wire;

import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicIdPartition;

/** The event loops of the broker; each partition belongs to one, by its id. Immutable. */
public final class EventLoops {

    private final List<EventLoop> loops;

    /** None for loops that are not Vert.x's. */
    private final List<ContextInternal> contexts;

    private EventLoops(List<EventLoop> loops, List<ContextInternal> contexts) {
        this.loops = List.copyOf(loops);
        this.contexts = contexts;
    }

    /** Takes {@code count} loops of {@code vertx}, which must have at least as many. */
    public static EventLoops of(Vertx vertx, int count) {
        VertxInternal internal = (VertxInternal) vertx;
        List<ContextInternal> contexts = IntStream.range(0, count).mapToObj(i -> internal.createEventLoopContext()).toList();
        return new EventLoops(contexts.stream().map(ContextInternal::nettyEventLoop).toList(), contexts);
    }

    /** Loops without sockets, of a simulation. */
    public static EventLoops of(List<EventLoop> loops) {
        return new EventLoops(loops, List.of());
    }

    /** The loop that owns {@code partition}; the same for the whole life of the process. */
    public EventLoop loopOf(TopicIdPartition partition) {
        int hash = partition.topicId().hashCode() * 31 + partition.partition();
        return loops.get(Math.floorMod(hash, loops.size()));
    }

    /** The loop for state that belongs to no partition and no connection. */
    public EventLoop first() {
        return loops.get(0);
    }

    /** Vert.x's name for one of these loops. */
    public ContextInternal contextOf(EventLoop loop) {
        return contexts.stream().filter(context -> context.nettyEventLoop() == loop).findFirst().orElseThrow(() -> new IllegalArgumentException("not one of this broker's event loops"));
    }

    List<ContextInternal> contexts() {
        return contexts;
    }
}
