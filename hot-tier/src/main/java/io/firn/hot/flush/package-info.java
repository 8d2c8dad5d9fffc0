/**
 * Group commit: one thread per disk forces what the logs have appended, and tells each event loop once a round.
 *
 * <p>For the packages of this module only. Threading is said per class. May import {@code io.firn.hot}, {@code io.firn.hot.segment}, slf4j
 * and the JDK.
 */
package io.firn.hot.flush;
