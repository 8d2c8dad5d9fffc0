/**
 * Members of the CP subsystem as processes of their own, killed, filled up, wiped and moved, while each changes the head and takes the controller's lock as fast as it can. Afterwards the
 * ledgers the processes kept outside their CP directories must agree with the head to the last change.
 */
package io.firn.it.cp;
