/**
 * The whole-broker benchmark: Firn beside Apache Kafka, in interleaved rounds of one run, with Kafka's own clients and tools.
 *
 * <p>Not a test: it is started by {@code ./firn bench} and asserts nothing about time. Each broker and each load generator is a
 * process of its own; a broker's CPU time is read from the system's accounting of its process over a load generator's whole life.
 */
package io.firn.it.bench;
