/**
 * The controller's decisions: what a command means for the cluster as it is. Pure functions without I/O, clock or threads.
 *
 * <p>Used by {@code Metadata} on the metadata thread, and by tests on any. Imports of this module its top package and {@code entry}.
 */
package io.firn.membership.controller;
