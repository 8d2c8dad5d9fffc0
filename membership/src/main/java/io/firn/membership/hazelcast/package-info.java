/**
 * The cluster's consensus: Hazelcast's CP subsystem with the disk under it that its free edition lacks, and the metadata store on top of it.
 *
 * <p>The only package that imports Hazelcast. It uses public and protected parts of it, some of them internal ({@code com.hazelcast.cp.internal}), so the version is pinned.
 * {@code CpMember} is the entry; each class names its threads. Nothing here may be called on an event loop. Of this module it imports the top package, {@code cp} and {@code storage}.
 */
package io.firn.membership.hazelcast;
