/**
 * The one table of Kafka APIs this broker serves, the handlers' contract, and the one mapping of errors to Kafka's codes.
 *
 * <p>Imported by {@code gateway.wire} and {@code gateway.handler}; may import Kafka's {@code common.message}, {@code common.protocol} and {@code common.requests}.
 */
package io.firn.gateway.api;
