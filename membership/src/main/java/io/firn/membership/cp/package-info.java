/**
 * The disk under the CP subsystem: what a member of it is (its identity), and one append-only log for each Raft group it takes part in. Knows the rules of a Raft log
 * (terms, votes, entries, snapshots) and nothing of Hazelcast: contents of entries and snapshots are bytes.
 *
 * <p>Used by {@code hazelcast}, which adapts it to the persistence interfaces there, and by the offline printer. Thread-safe behind one lock; every change blocks on the disk.
 * May import the JDK, slf4j, and of this module its top package and {@code storage}.
 */
package io.firn.membership.cp;
