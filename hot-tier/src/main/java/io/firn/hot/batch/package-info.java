/**
 * The record batch, magic 2, as bytes: its header read and patched in place, the rules a batch has to satisfy, and the
 * transaction marker in a control batch.
 *
 * <p>Pure code over {@link io.firn.hot.RecordBuffers}: no I/O, no clock, nothing decompressed. For the packages of this module
 * only. Threading: confined to one thread at a time. May import {@code io.firn.hot} and the JDK.
 */
package io.firn.hot.batch;
