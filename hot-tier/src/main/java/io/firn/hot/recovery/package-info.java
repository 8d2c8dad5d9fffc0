/**
 * Opening a log: trust what lies below the recovery point, scan what lies above, cut the tail that is not sound, rebuild what is missing.
 *
 * <p>For the packages of this module only. Threading: one thread of the I/O pool per log; it blocks. May import {@code io.firn.hot} and its
 * sub-packages but {@code flush} and {@code log}, slf4j and the JDK.
 */
package io.firn.hot.recovery;
