/**
 * This broker's life among others, and the periodic work of whoever is the controller: registration, heartbeats and their lease, fencing, controlled shutdown.
 *
 * <p>{@link io.firn.gateway.cluster.Lifecycle} and {@link io.firn.gateway.cluster.Liveness} decide, on any clock, without threads; {@link io.firn.gateway.cluster.BrokerLifecycle} and
 * {@link io.firn.gateway.cluster.ControllerDuties} do. What they need of the network are the ports {@link io.firn.gateway.cluster.HeartbeatPort} and {@link io.firn.gateway.cluster.ProbePort}.
 * Nothing here is loaded by a broker that runs alone.
 *
 * <p>Threading: one event loop, but for what says otherwise. It may import membership's API and knows nothing of the Kafka protocol.
 */
package io.firn.gateway.cluster;
