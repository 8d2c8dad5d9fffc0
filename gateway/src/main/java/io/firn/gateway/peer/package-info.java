/**
 * This broker as a client of the others. {@link io.firn.gateway.peer.PeerTransport} is the port; {@link io.firn.gateway.peer.PeerLinks} the implementation over Kafka connections.
 * {@link io.firn.gateway.peer.PeerQueue} gathers small questions for one broker into few requests; {@link io.firn.gateway.peer.FollowerFetcher} fetches from one of them for the replicas of one loop;
 * {@link io.firn.gateway.peer.ReplicaReads} reads for a leader what its followers have on their disks.
 *
 * <p>Threading: callers name the event loop they live on, and are answered there.
 */
package io.firn.gateway.peer;
