/** Kafka Connect, unmodified and distributed over two worker processes, against a broker of ours. */
package io.firn.it.connect;
