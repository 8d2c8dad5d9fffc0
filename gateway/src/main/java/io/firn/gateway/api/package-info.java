/**
 * The one table of Kafka APIs this broker serves, the handlers' contract, and the one mapping of errors to Kafka's codes.
 *
 * <p>Imported by {@code gateway.wire}, {@code gateway.handler}, {@code gateway.group}, {@code gateway.share} and {@code gateway.telemetry}; may import Kafka's {@code common.message}, {@code common.protocol} and
 * {@code common.requests}, and the errors and record buffers of the other modules. Handlers are called on connections' event loops; the tables are immutable.
 */
package io.firn.gateway.api;
