/** Transactions end to end: real clients of several versions, Kafka's transactions tool, time-outs, and kill -9 under transactional load. Tests only. */
package io.firn.it.txn;
