/**
 * Where the tiers meet: one log over both, the offloader that moves sealed segments to the cold tier, and what deletes them.
 *
 * <p>It may import {@code io.firn.hot} and its {@code replication}, {@code io.firn.cold}, slf4j, Micrometer and of kafka-clients {@code TopicIdPartition}. It knows no
 * network and no membership.
 *
 * <p>Threading: a {@link io.firn.retention.TieredLog} is confined to the event loop of its partition, like the hot log in it.
 */
package io.firn.retention;
