/**
 * The three indexes of one segment in Kafka's file formats, kept in memory: offset to position, time to offset, aborted
 * transactions.
 *
 * <p>Pure code: bytes in, bytes out; who writes the files is elsewhere. For the packages of this module only. Threading: confined to one thread at
 * a time; an index that gets no more entries may be read from any thread it was safely handed to. May import {@code io.firn.hot} and the JDK.
 */
package io.firn.hot.index;
