/**
 * Leader epochs of one partition (KIP-101) and the text format they are kept in.
 *
 * <p>Pure, immutable values. For the packages of this module only; safe from any thread. May import {@code io.firn.hot} and
 * the JDK.
 */
package io.firn.hot.epoch;
