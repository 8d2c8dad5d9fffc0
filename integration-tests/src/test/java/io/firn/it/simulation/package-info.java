/**
 * A whole cluster in one thread on virtual time: the real metadata, replication, tiering and partition code of three to five brokers over simulated disks, network, object store and metadata store, under faults, with clients. What
 * must hold is said by one class each ({@code …Invariant}) and looked at after every event.
 *
 * <p>Deterministic: a seed fixes everything that happens. Nothing here starts a thread, reads a clock or draws a random number but from the seed.
 */
package io.firn.it.simulation;
