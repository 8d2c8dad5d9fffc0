/** The tests of what the object stores share. */
package io.firn.cold.store;
