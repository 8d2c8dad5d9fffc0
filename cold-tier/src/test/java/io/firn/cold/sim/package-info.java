/**
 * The faithful simulation of an object store, for tests of whatever stands on the port. It passes the port's contract test like the real ones.
 *
 * <p>Published in the module's test-jar.
 */
package io.firn.cold.sim;
