/**
 * The one table of Kafka APIs this broker serves, the handlers' contract with the timer they use, and the one mapping of errors to Kafka's codes.
 *
 * <p>Imported by {@code gateway.wire} and every package that answers requests; knows no other package of the gateway. May import Kafka's {@code common.message}, {@code common.protocol} and
 * {@code common.requests}, and the errors and record buffers of the other modules. Handlers are called on connections' event loops; the tables are immutable.
 */
package io.firn.gateway.api;
