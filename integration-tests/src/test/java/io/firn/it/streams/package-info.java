/** Kafka Streams, unmodified, against a broker of ours: stateful applications with exactly-once processing, killed under load, and their output compared with what it has to be. */
package io.firn.it.streams;
