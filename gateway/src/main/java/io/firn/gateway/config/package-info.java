/**
 * The broker's settings: one tree of records, each component with its key, default, bounds and meaning; and the loader that fills it
 * from file, environment and command line.
 *
 * <p>Used by {@code gateway.cli} and the composition root; every other package is handed the records. All types are immutable or
 * confined to the thread that loads. Imports nothing of Firn, and Jackson's YAML parser in one class only.
 */
package io.firn.gateway.config;
