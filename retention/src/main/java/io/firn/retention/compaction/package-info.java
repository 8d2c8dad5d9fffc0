/**
 * What compaction does to the bytes of a log: finds the newest record of each key, and rewrites batches without what newer ones supersede. It knows
 * neither which tier the bytes come from (a {@link io.firn.cold.SegmentSource}) nor where they go (a {@link io.firn.retention.compaction.BatchSink}).
 *
 * <p>For {@code io.firn.retention} only. It may import {@code io.firn.hot}, {@code io.firn.cold}, slf4j and the record, compression and buffer classes of kafka-clients.
 *
 * <p>Threading: everything is confined to the thread of one pass, which may block; immutable records aside.
 */
package io.firn.retention.compaction;
