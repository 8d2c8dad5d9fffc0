package io.firn.hot;

/**
 * What an append has to keep to, and can show, about transactions (KIP-890).
 *
 * <p>A transactional batch may only enter the log while the transaction coordinator knows that its partition is part of the transaction, or nobody would ever write the marker that ends it there.
 * Once a transaction is open in the partition that is certain. For the first batch it is shown by a <b>guard</b>: an object that {@link HotLog#beginVerification} gave out before the
 * coordinator was asked. The guard counts until a batch or a marker of the producer was appended. So an append that comes late, after its transaction was ended, has a guard
 * that counts no more, and cannot open a transaction again.
 *
 * <p>Immutable. The usual values are constants, so that an append without a transaction costs nothing.
 *
 * @param markerRule which epochs a marker may carry
 * @param verified whether a transactional batch needs an open transaction or a guard
 * @param guard what {@link HotLog#beginVerification} gave; {@link #NO_GUARD} if nothing
 */
public record TransactionTerms(MarkerRule markerRule, boolean verified, Object guard) {

    /** Equal to no guard that was ever given out. */
    public static final Object NO_GUARD = new Object();

    /** Whoever appends answers for it that the coordinator knows (followers, recovery). */
    public static final TransactionTerms TRUSTED = new TransactionTerms(MarkerRule.EPOCH_NOT_BELOW, false, NO_GUARD);

    /** Transactional batches only into an open transaction. */
    public static final TransactionTerms OPEN = new TransactionTerms(MarkerRule.EPOCH_NOT_BELOW, true, NO_GUARD);

    private static final TransactionTerms RAISED_EPOCH = new TransactionTerms(MarkerRule.EPOCH_ABOVE, true, NO_GUARD);

    /** The coordinator has confirmed what was begun with {@code guard}. */
    public static TransactionTerms verified(Object guard) {
        return new TransactionTerms(MarkerRule.EPOCH_NOT_BELOW, true, guard);
    }

    /** For markers of a coordinator that works by {@code transactionVersion} (Kafka's feature level {@code transaction.version}). */
    public static TransactionTerms marker(int transactionVersion) {
        return transactionVersion >= 2 ? RAISED_EPOCH : OPEN;
    }
}
