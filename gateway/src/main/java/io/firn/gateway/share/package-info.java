/**
 * Share groups (KIP-932): who may have which record, and what became of it.
 *
 * <p>{@code InFlightRecords} decides, without I/O; {@code SharePartition} performs, on the loop of its partition; {@code ShareFetchOperation} brings waiting members and records
 * together without holding a thread. State is kept by Kafka's share coordinator library over {@code __share_group_state}, reached through Kafka's {@code Persister}.
 *
 * <p>Called by {@code gateway.handler} on connections' loops. May import Kafka's protocol classes and the share coordinator library; nothing else of the gateway may. Nothing here is
 * loaded before the first request of a share group.
 */
package io.firn.gateway.share;
