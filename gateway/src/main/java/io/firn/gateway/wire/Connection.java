package io.firn.gateway.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.network.ClientInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One client connection: cuts the byte stream into frames, hands requests on, and sends the answers in the order of the requests.
 *
 * <p>Stands in the pipeline before Vert.x's own handler and keeps every byte from it, so that frames stay slices of the receive buffers.
 *
 * <p><b>Reading</b> stops (automatic reads off; bytes already received wait in {@code leftover}, at most one receive buffer or
 * what one decrypted record held) while any of these holds, and goes on when none does: the loop's {@link InflightBudget} has
 * no room for the next frame; {@code requestsInFlight} requests are not yet fully sent back; the client did more than its quotas allow and has to wait (it stops between two frames).
 *
 * <p><b>Writing</b>: answers are encoded when they are next in order, and flushed once per read-complete or once per loop turn.
 *
 * <p>A request may be answered with the end of the connection: the answers before it are handed to the system, none after it is, and nothing more is read.
 *
 * <p><b>Ends</b>, each with one log line when it is not the peer's own doing: a frame that is too long, negative or not decodable,
 * an API or version that is not served, no progress within a frame or answer for {@code stallMs}, idleness. On the end every
 * request's resources are released; answers that come later are dropped. Where the client can still read, what was written before arrives ({@link Lingering}).
 *
 * <p>Threading: confined to its event loop, except {@link #execute} and {@link #closed}.
 */
final class Connection extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final LoopWire loop;
    private final RequestDecoder decoder;
    private final ArrayDeque<Exchange> inOrder = new ArrayDeque<>();
    private final ArrayDeque<ByteBuf> leftover = new ArrayDeque<>(2);
    private final Map<String, Runnable> whenEnded = new LinkedHashMap<>(0);

    private ChannelHandlerContext context;
    private InetAddress clientAddress;
    private int clientPort;
    private ClientInformation clientSoftware = ClientInformation.EMPTY;
    private final LengthPrefix length = new LengthPrefix();
    private int reservingBytes;
    private Frame frame;
    private int unsent;
    private boolean insideRead;
    private boolean consuming;
    private boolean dirty;
    private boolean flushQueued;
    private long lastReadNanos;
    private long lastWriteNanos;
    private boolean muted;
    private long mutedUntilNanos;
    /** Why the connection ends as soon as what was written is sent. */
    private Optional<Ending> ending = Optional.empty();
    private Optional<Lingering> lingering = Optional.empty();
    private volatile boolean closed;

    Connection(LoopWire loop, RequestDecoder decoder) {
        this.loop = loop;
        this.decoder = decoder;
    }

    // Life

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        InetSocketAddress peer = (InetSocketAddress) ctx.channel().remoteAddress();
        clientAddress = peer.getAddress();
        clientPort = peer.getPort();
        lastReadNanos = loop.nanoTime();
        lastWriteNanos = lastReadNanos;
        loop.opened(this);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.atDebug().addKeyValue("client", clientAddress).addKeyValue("cause", cause.toString()).log("Connection broke");
        } else {
            LOG.atWarn().addKeyValue("client", clientAddress).setCause(cause).log("Closing connection after an error");
        }
        ctx.close();
    }

    /** Ends the connection for {@code reason}, once, and whatever is not sent yet with it. */
    void close(String reason) {
        if (!closed) {
            say(new Ending(reason, Level.INFO));
            end();
            context.close();
        }
    }

    /** The same, but what was written arrives, if the client takes it. */
    private void finish(Ending why) {
        if (!closed) {
            say(why);
            end();
            loop.lingers(context.channel());
            lingering = Optional.of(Lingering.begin(context));
        }
    }

    private void refuse(String reason) {
        finish(new Ending(reason, Level.INFO));
    }

    private void say(Ending why) {
        LOG.atLevel(why.level()).addKeyValue("client", clientAddress).addKeyValue("reason", why.reason()).log("Closing connection");
        loop.meters().connectionRefused();
    }

    private void end() {
        if (closed) {
            return;
        }
        closed = true;
        loop.closed(this);
        leftover.forEach(ByteBuf::release);
        leftover.clear();
        reserveNoMore();
        if (frame != null) {
            frame.release();
            loop.budget().release(frame.sizeBytes());
            frame = null;
        }
        List<Exchange> open = List.copyOf(inOrder);
        inOrder.clear();
        open.forEach(exchange -> {
            if (exchange.isAnswered()) {
                exchange.sentOrDropped();
            } else {
                runSafely(exchange::abandon);
            }
        });
        whenEnded.values().forEach(Connection::runSafely);
        whenEnded.clear();
    }

    /** Whoever waits for room and does not take it when it is told keeps the others of the loop waiting. */
    private void reserveNoMore() {
        reservingBytes = 0;
        loop.budget().forget(this);
    }

    private static void runSafely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("What was to follow the end of a connection failed");
        }
    }

    boolean closed() {
        return closed;
    }

    String id() {
        return context.channel().id().asLongText();
    }

    void whenEnded(String key, Runnable task) {
        if (closed) {
            task.run();
        } else {
            whenEnded.put(key, task);
        }
    }

    InetAddress clientAddress() {
        return clientAddress;
    }

    int clientPort() {
        return clientPort;
    }

    ClientInformation clientSoftware() {
        return clientSoftware;
    }

    void clientSoftware(ClientInformation software) {
        clientSoftware = software;
    }

    /** Looks whether the peer has stalled or gone idle; called about once a second. */
    void check(long nowNanos) {
        long sinceRead = (nowNanos - lastReadNanos) / 1_000_000;
        long sinceWrite = (nowNanos - lastWriteNanos) / 1_000_000;
        WireLimits limits = loop.limits();
        if (unsent > 0 && sinceWrite > limits.stallMs()) {
            close("client takes no bytes of its answer for " + limits.stallMs() + " ms");
        } else if (midFrame() && reservingBytes == 0 && context.channel().config().isAutoRead() && sinceRead > limits.stallMs()) {
            close("request not received whole for " + limits.stallMs() + " ms");
        } else if (!muted && inOrder.isEmpty() && unsent == 0 && sinceRead > limits.idleMs() && sinceWrite > limits.idleMs()) {
            close("idle for " + limits.idleMs() + " ms");
        }
    }

    // Reading

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closed) {
            lingering.ifPresent(last -> last.received(in.readableBytes()));
            in.release();
            return;
        }
        lastReadNanos = loop.nanoTime();
        insideRead = true;
        leftover.add(in);
        consume();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        insideRead = false;
        flushIfDirty();
    }

    /** Works off what was received, until it is used up or reading has to stop. */
    private void consume() {
        if (consuming) {
            return;
        }
        consuming = true;
        try {
            while (!leftover.isEmpty() && !closed && mayRead()) {
                ByteBuf in = leftover.peek();
                consume(in);
                if (!in.isReadable() && !closed) {
                    leftover.poll().release();
                }
            }
        } finally {
            consuming = false;
        }
        if (!closed) {
            setReading(leftover.isEmpty() && mayRead());
        }
    }

    private void consume(ByteBuf in) {
        if (frame == null && !begin(in)) {
            return;
        }
        frame.take(in, context.alloc());
        if (frame.complete()) {
            Frame whole = frame;
            frame = null;
            receive(whole);
        }
    }

    /** Reads the length and reserves room; false when bytes or room are missing. */
    private boolean begin(ByteBuf in) {
        if (!length.take(in)) {
            return false;
        }
        int sizeBytes = length.value();
        if (sizeBytes <= 0 || sizeBytes > loop.limits().requestMaxBytes()) {
            refuse("not a Kafka request, or longer than kafka.request.max.bytes: length " + sizeBytes);
            return false;
        }
        if (!loop.budget().reserve(this, sizeBytes)) {
            reservingBytes = sizeBytes;
            return false;
        }
        frame = new Frame(sizeBytes);
        reservingBytes = 0;
        length.clear();
        loop.budget().wakeNext();
        return true;
    }

    private boolean mayRead() {
        return ending.isEmpty() && (!muted || midFrame()) && reservingBytes == 0 && inOrder.size() + unsent < loop.limits().requestsInFlight();
    }

    private boolean midFrame() {
        return frame != null || length.begun();
    }

    /**
     * Reads no more for so long; what is under way goes on, a frame that has begun too: it holds room in the loop's budget, or its place among those that wait for some, and would keep other
     * clients waiting for as long. At most for as long as a connection may be idle: nobody notices that the client has gone while nothing is read from it.
     */
    private void mute(long wantedMs) {
        if (wantedMs <= 0 || closed) {
            return;
        }
        long waitMs = Math.min(wantedMs, loop.limits().idleMs());
        long untilNanos = loop.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        if (!muted) {
            muted = true;
            mutedUntilNanos = untilNanos;
            context.executor().schedule(this::unmute, waitMs, TimeUnit.MILLISECONDS);
        } else if (untilNanos - mutedUntilNanos > 0) {
            mutedUntilNanos = untilNanos;
        }
    }

    private void unmute() {
        long leftNanos = mutedUntilNanos - loop.nanoTime();
        if (closed) {
            return;
        }
        if (leftNanos > 0) {
            context.executor().schedule(this::unmute, leftNanos, TimeUnit.NANOSECONDS);
        } else {
            muted = false;
            lastReadNanos = loop.nanoTime();
            consume();
        }
    }

    private void setReading(boolean on) {
        if (context.channel().config().isAutoRead() != on) {
            context.channel().config().setAutoRead(on);
            lastReadNanos = loop.nanoTime();
        }
    }

    /** The budget may have room again. Not on the releasing connection's stack: as a task of its own. */
    void budgetFreed() {
        context.executor().execute(() -> {
            if (!closed && reservingBytes > 0) {
                reservingBytes = 0;
                consume();
                if (leftover.isEmpty() && frame == null && length.whole()) {
                    beginWithoutInput();
                }
            }
        });
    }

    private void beginWithoutInput() {
        begin(Unpooled.EMPTY_BUFFER);
        setReading(leftover.isEmpty() && mayRead());
    }

    private void receive(Frame whole) {
        Exchange exchange;
        try {
            exchange = decoder.decode(this, whole, loop.nanoTime());
        } catch (RequestDecoder.RefusedRequest e) {
            whole.release();
            loop.budget().release(whole.sizeBytes());
            refuse(e.getMessage());
            return;
        }
        inOrder.add(exchange);
        if (loop.quotas().any()) {
            long beganNanos = loop.nanoTime();
            loop.router().route(exchange);
            mute(Charges.time(loop.quotas(), exchange, loop.nanoTime() - beganNanos));
        } else {
            loop.router().route(exchange);
        }
    }

    void payloadReleased(int sizeBytes) {
        loop.budget().release(sizeBytes);
    }

    // Writing

    EventLoop eventLoop() {
        return context.channel().eventLoop();
    }

    boolean inLoop() {
        return context.executor().inEventLoop();
    }

    /** Runs {@code task} on the loop; {@code otherwise} at once when the loop has been shut down. */
    void execute(Runnable task, Runnable otherwise) {
        try {
            context.executor().execute(task);
        } catch (RejectedExecutionException e) {
            LOG.atDebug().addKeyValue("client", clientAddress).log("Answer came after the event loop had stopped");
            otherwise.run();
        }
    }

    void answered(Exchange exchange) {
        loop.meters().answered(exchange.header().apiKey(), loop.nanoTime() - exchange.receivedNanos());
        if (closed) {
            exchange.sentOrDropped();
            return;
        }
        if (loop.quotas().any()) {
            mute(Charges.answered(loop.quotas(), exchange));
        }
        while (ending.isEmpty() && !inOrder.isEmpty() && inOrder.peek().isAnswered()) {
            write(inOrder.poll());
        }
        if (dirty && !insideRead && !flushQueued) {
            flushQueued = true;
            loop.flushLater(this);
        }
        if (!consuming) {
            consume();
        }
    }

    private void write(Exchange exchange) {
        if (exchange.response() == null) {
            exchange.sentOrDropped();
            ending = exchange.connectionEnd();
            if (ending.isPresent()) {
                reserveNoMore();
                closeIfSent();
            }
            return;
        }
        List<Object> parts;
        try {
            parts = MessageEncoder.response(exchange.header(), exchange.body().version(), exchange.response(), context.alloc());
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("api", exchange.header().apiKey()).addKeyValue("client", clientAddress).setCause(e).log("Response cannot be encoded");
            exchange.sentOrDropped();
            refuse("response could not be encoded");
            return;
        }
        if (unsent++ == 0) {
            lastWriteNanos = loop.nanoTime();
        }
        dirty = true;
        int last = parts.size() - 1;
        for (int i = 0; i < last; i++) {
            context.write(parts.get(i)).addListener(progress);
        }
        context.write(parts.get(last)).addListener(future -> sent(exchange, future.isSuccess()));
    }

    private final ChannelFutureListener progress = this::progressed;

    private void progressed(ChannelFuture future) {
        lastWriteNanos = loop.nanoTime();
        if (!future.isSuccess()) {
            context.close();
        }
    }

    private void sent(Exchange exchange, boolean success) {
        unsent--;
        lastWriteNanos = loop.nanoTime();
        exchange.sentOrDropped();
        if (!success) {
            context.close();
        } else {
            closeIfSent();
            if (!closed && !consuming) {
                consume();
            }
        }
    }

    private void closeIfSent() {
        if (unsent == 0) {
            ending.ifPresent(this::finish);
        }
    }

    void flushIfDirty() {
        flushQueued = false;
        if (dirty && !closed) {
            dirty = false;
            context.flush();
        }
    }
}
