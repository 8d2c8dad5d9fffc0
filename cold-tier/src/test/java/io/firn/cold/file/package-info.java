/** The tests of the provider {@code file}. */
package io.firn.cold.file;
