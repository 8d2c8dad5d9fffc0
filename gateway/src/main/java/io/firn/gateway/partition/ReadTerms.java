package io.firn.gateway.partition;

/**
 * How a fetch reads from the cold tier. Immutable.
 *
 * @param maxBytes most bytes, save that the first batch may be larger if {@code evenOneTooLarge}
 * @param evenOneTooLarge whether it brings the first batch whatever its size; else it may bring nothing
 * @param committedOnly whether it stops at the last stable offset, and tells of aborted transactions
 */
public record ReadTerms(int maxBytes, boolean evenOneTooLarge, boolean committedOnly) {

    /** Whether a reader with these terms may be given what was read with {@code others}: what it is to see, at least a batch if it is to have one, and no more than it takes. One that need not have a batch takes one all the same. */
    boolean allow(ReadTerms others) {
        return others.maxBytes <= maxBytes && (others.evenOneTooLarge || !evenOneTooLarge) && others.committedOnly == committedOnly;
    }
}
