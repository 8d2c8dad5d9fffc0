/**
 * The parts of {@link io.firn.hot.HotLog}: appending, rolling, finding ranges, searching by time, shrinking.
 *
 * <p>For {@code io.firn.hot} only. Threading: everything is confined to the loop of the partition unless the class says otherwise; file work goes
 * through the log's {@link io.firn.hot.log.Lane} and comes back as a message. May import {@code io.firn.hot} and its sub-packages, slf4j and
 * the JDK.
 */
package io.firn.hot.log;
