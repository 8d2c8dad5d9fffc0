package io.firn.gateway.transaction;

/** What {@link TransactionRules} decided about a request. */
sealed interface Decision {

    /** Nothing changes. */
    record Keep(Reply reply) implements Decision {}

    /** Write {@code next}; when it is committed, answer. */
    record Write(Transaction next, Reply reply) implements Decision {}

    /** Decide again with a new producer id. */
    record NeedsProducerId() implements Decision {}
}
