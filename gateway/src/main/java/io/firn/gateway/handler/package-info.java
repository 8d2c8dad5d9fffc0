/**
 * One class per Kafka API (or family), between the wire and the partitions, the metadata and the coordinators; {@code Handlers} puts them together.
 *
 * <p>Called by {@code gateway.wire} through the API table, on connections' event loops, which no handler blocks: it asks partitions on their loops, the controller and the
 * group coordinator by futures, and answers from whatever thread completes them. Decisions without effects are classes of their own over the cluster view.
 *
 * <p>May import Kafka's {@code common.message}, {@code common.protocol} and {@code common.requests}, and of the gateway
 * everything but {@code wire}, {@code http} and {@code cli}; of coordinators what {@code Groups}, {@code Transactions} and {@code ShareGroups} offer, never Kafka's libraries themselves.
 */
package io.firn.gateway.handler;
