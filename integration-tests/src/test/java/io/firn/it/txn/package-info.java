/** Transactions end to end: real clients of several versions, Kafka's transactions tool, time-outs. Tests only. */
package io.firn.it.txn;
