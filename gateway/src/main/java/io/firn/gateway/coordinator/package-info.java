/**
 * What Kafka's coordinators (groups, transactions, share state) have in common here: a coordinator keeps its state in memory and in the partitions of an internal topic, and serves those it
 * leads. {@code Coordination} is its life over the partitions in service; {@code LogWriter} and {@code LogLoader} are its way to their logs; {@code MetadataMirror} is the cluster
 * view as the libraries take it; {@code TransactionAdmission} is the question that a transaction's first record asks.
 *
 * <p>Used by {@code group}, {@code transaction} and {@code share}, the only packages beside this one that import Kafka's coordinator libraries, so that a new Kafka release is a change
 * here alone. The libraries run on threads of their own and reach partitions by messages to their loops; nothing here is called on a loop except high watermark listeners, which only
 * enqueue.
 */
package io.firn.gateway.coordinator;
