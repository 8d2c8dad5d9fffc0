package io.firn.cold.sim;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * A named fault for {@link SimObjectStore}: what goes wrong, for which requests, how often. Begins when injected, ends when used up, released or cleared.
 *
 * <p>Thread-safe once injected; narrow it with {@link #on} and {@link #forKeys} before.
 */
public final class SimFault {

    /** The requests of the port, as faults and counters name them. */
    public enum Operation {
        PUT_IF_ABSENT,
        PUT,
        GET,
        GET_SMALL,
        HEAD,
        LIST,
        DELETE
    }

    enum Kind {
        /** Fails before anything happens: Unavailable. */
        FAIL,
        /** A write happens, its reply is lost: Uncertain. A read fails as Unavailable. */
        LOSE_REPLY,
        /** A write's request is lost without anyone knowing: Uncertain, and nothing has happened. */
        LOSE_REQUEST,
        /** The body of a read ends half way: Unavailable, with the first half in the target. */
        CUT_BODY,
        /** Waits before anything happens. */
        HOLD_REQUEST,
        /** Waits after it has happened, before the caller learns it. */
        HOLD_REPLY,
        /** Fails like wrong credentials: Misconfigured. */
        REFUSE,
        /** A listing shows what was there when the fault began. */
        LAG
    }

    final Kind kind;
    private final AtomicInteger left;
    private volatile Set<Operation> operations = EnumSet.allOf(Operation.class);
    private volatile Predicate<String> keys = key -> true;
    private final AtomicBoolean released = new AtomicBoolean();
    private final List<Runnable> held = new ArrayList<>(); // guarded by itself

    private SimFault(Kind kind, int times) {
        this.kind = kind;
        this.left = new AtomicInteger(times);
    }

    /** Every request fails as Unavailable until cleared. */
    public static SimFault outage() {
        return failing(Integer.MAX_VALUE);
    }

    /** The next {@code times} requests fail as Unavailable, without effect. */
    public static SimFault failing(int times) {
        return new SimFault(Kind.FAIL, times);
    }

    /** The next {@code times} requests take effect, but fail as if the reply were lost: writes as Uncertain. */
    public static SimFault losingReply(int times) {
        return new SimFault(Kind.LOSE_REPLY, times);
    }

    /** The next {@code times} writes fail as Uncertain, without effect. */
    public static SimFault losingRequest(int times) {
        return new SimFault(Kind.LOSE_REQUEST, times);
    }

    /** The next {@code times} reads stop half way. */
    public static SimFault cuttingBody(int times) {
        return new SimFault(Kind.CUT_BODY, times).on(Operation.GET, Operation.GET_SMALL);
    }

    /** Requests wait, without effect, until {@link #release()}. */
    public static SimFault holdingRequests() {
        return new SimFault(Kind.HOLD_REQUEST, Integer.MAX_VALUE);
    }

    /** Requests take effect, but their futures wait until {@link #release()}. */
    public static SimFault holdingReplies() {
        return new SimFault(Kind.HOLD_REPLY, Integer.MAX_VALUE);
    }

    /** Every request fails as Misconfigured until cleared. */
    public static SimFault refusing() {
        return new SimFault(Kind.REFUSE, Integer.MAX_VALUE);
    }

    /** Listings show what was there when this was injected, until cleared: neither what was written since, nor that something is gone. */
    public static SimFault laggingLists() {
        return new SimFault(Kind.LAG, Integer.MAX_VALUE).on(Operation.LIST);
    }

    /** Only these operations. */
    public SimFault on(Operation first, Operation... further) {
        operations = EnumSet.of(first, further);
        return this;
    }

    /** Only keys (or list prefixes; of a bulk deletion the first key) that fulfil this. */
    public SimFault forKeys(Predicate<String> wanted) {
        keys = wanted;
        return this;
    }

    /** Lets go of everything held, in order, on the store's executor, and ends the fault. */
    public void release() {
        released.set(true);
        List<Runnable> going;
        synchronized (held) {
            going = List.copyOf(held);
            held.clear();
        }
        going.forEach(Runnable::run);
    }

    /** Requests held now. */
    public int heldCount() {
        synchronized (held) {
            return held.size();
        }
    }

    /** Takes one of the fault's times if it applies. */
    boolean takes(Operation operation, String key) {
        if (released.get() || !operations.contains(operation) || !keys.test(key)) {
            return false;
        }
        return left.getAndUpdate(n -> n > 0 && n < Integer.MAX_VALUE ? n - 1 : n) > 0;
    }

    /** Keeps {@code work} until the release; runs it at once if that has been. */
    void hold(Runnable work) {
        synchronized (held) {
            if (!released.get()) {
                held.add(work);
                return;
            }
        }
        work.run();
    }
}
