package io.firn.gateway.share;

/**
 * Neighbouring records in the same state: offsets from {@code first} to before {@code end}. Immutable.
 *
 * <p>While a change of state is being written ({@code change} is not 0), {@code state} is the new one, and the rest says what the records go back to when the write fails: acquired by
 * {@code member}. Till then they are neither given to anybody nor acknowledged again.
 *
 * @param count deliveries so far
 * @param member who has the records; empty if nobody
 * @param lockedUntilMs when they are taken from the member; monotonic time
 * @param change number of the change under way, or 0
 * @param origin the portion in which the records were first delivered
 */
record Span(long first, long end, DeliveryState state, int count, String member, long lockedUntilMs, long change, Origin origin) {
    static final String NOBODY = "";

    /** A portion of {@code size} records from {@code first} on, delivered together the first time. */
    record Origin(long first, long size) {}

    static Span free(long first, long end, DeliveryState state, int count) {
        return new Span(first, end, state, count, NOBODY, 0, 0, new Origin(first, end - first));
    }

    static Span acquired(long first, long end, String member, long lockedUntilMs) {
        return new Span(first, end, DeliveryState.ACQUIRED, 1, member, lockedUntilMs, 0, new Origin(first, end - first));
    }

    long size() {
        return end - first;
    }

    boolean available() {
        return state == DeliveryState.AVAILABLE && change == 0;
    }

    /** Whether a member has the records and nothing is under way. */
    boolean acquired() {
        return state == DeliveryState.ACQUIRED;
    }

    boolean finished() {
        return state.terminal() && change == 0;
    }

    Span part(long from, long to) {
        return new Span(from, to, state, count, member, lockedUntilMs, change, origin);
    }

    Span delivered(String to, long untilMs) {
        return new Span(first, end, DeliveryState.ACQUIRED, count + 1, to, untilMs, 0, origin);
    }

    Span renewed(long untilMs) {
        return new Span(first, end, state, count, member, untilMs, 0, origin);
    }

    Span changing(DeliveryState next, long number) {
        return new Span(first, end, next, count, member, lockedUntilMs, number, origin);
    }

    Span settled(DeliveryState next) {
        return new Span(first, end, next, count, NOBODY, 0, 0, origin);
    }

    Span back() {
        return new Span(first, end, DeliveryState.ACQUIRED, count, member, lockedUntilMs, 0, origin);
    }

    boolean continuedBy(Span next) {
        return end == next.first && state == next.state && count == next.count && lockedUntilMs == next.lockedUntilMs && change == next.change && member.equals(next.member)
                && origin.equals(next.origin);
    }
}
