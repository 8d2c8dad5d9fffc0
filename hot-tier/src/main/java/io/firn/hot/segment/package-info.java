/**
 * The files of one partition: their names, their life (open, sealed, deleted), the small checkpoints beside them, and the scan of
 * batches in them.
 *
 * <p>For the packages of this module only. Threading is said per class. May import {@code io.firn.hot} and its sub-packages
 * {@code batch}, {@code epoch}, {@code index}, {@code producer}, slf4j and the JDK; of kafka-clients the record classes in
 * {@link io.firn.hot.segment.RecordSearch} alone.
 */
package io.firn.hot.segment;
