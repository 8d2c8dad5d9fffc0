package io.firn.it.differential;

/** One thing that both brokers have under names of their own: a topic id, a member id, a producer id. Immutable. */
record Twin(Object firn, Object kafka) {

    Object of(Side side) {
        return side == Side.FIRN ? firn : kafka;
    }

    /** The value as {@code side} knows it, for what may or may not be a twin. */
    static Object resolve(Object value, Side side) {
        return value instanceof Twin twin ? twin.of(side) : value;
    }

    @Override
    public String toString() {
        return firn.equals(kafka) ? firn.toString() : "<firn " + firn + ", kafka " + kafka + ">";
    }
}
