package io.firn.hot.producer;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The producers of one partition by id, and in the order in which they were last used.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class ProducerTable {

    private final Map<Long, ProducerState> byId = new HashMap<>();

    /** No producer: the blank state an unknown one has, and the head of the ring: {@code later} is the longest idle one, {@code earlier} the last used one. */
    private final ProducerState none = new ProducerState(-1);

    ProducerTable() {
        none.earlier = none;
        none.later = none;
    }

    int size() {
        return byId.size();
    }

    /** The producer, or a blank state that {@link #knows} denies. */
    ProducerState find(long producerId) {
        return byId.getOrDefault(producerId, none);
    }

    boolean knows(ProducerState state) {
        return state != none;
    }

    void add(ProducerState state) {
        byId.put(state.producerId, state);
        link(state);
    }

    /** Makes {@code state}, which is in the table, the last used one. */
    void touch(ProducerState state) {
        unlink(state);
        link(state);
    }

    /** The longest idle producer without an open transaction, or one that {@link #knows} denies. */
    ProducerState longestIdle() {
        ProducerState state = none.later;
        while (state != none && state.hasOpenTransaction()) {
            state = state.later;
        }
        return state;
    }

    boolean isLastUsed(ProducerState state) {
        return none.earlier == state;
    }

    void remove(ProducerState state) {
        byId.remove(state.producerId);
        unlink(state);
    }

    /** From the longest idle one to the last used one. */
    void forEach(Consumer<ProducerState> action) {
        for (ProducerState state = none.later; state != none; state = state.later) {
            action.accept(state);
        }
    }

    private void link(ProducerState state) {
        state.earlier = none.earlier;
        state.later = none;
        state.earlier.later = state;
        none.earlier = state;
    }

    private static void unlink(ProducerState state) {
        state.earlier.later = state.later;
        state.later.earlier = state.earlier;
    }
}
