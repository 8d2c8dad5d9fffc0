/**
 * The broker's settings: one tree of records, each component with its key, default, bounds and meaning; and the loader that fills it
 * from file, environment and command line. And the configs of topics and brokers that change at run time: their layers, rules and descriptions.
 *
 * <p>The loader is for {@code gateway.cli}; every other package is handed the records. All types are immutable or confined to the thread that
 * loads. Imports of Firn the cluster view and the settings of logs, of Kafka the definitions of its configs, and Jackson's YAML parser in one class only.
 */
package io.firn.gateway.config;
