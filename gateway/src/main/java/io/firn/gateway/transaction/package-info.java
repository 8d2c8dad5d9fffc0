/**
 * Transactions: Firn's own coordinator over {@code __transaction_state}, in Kafka's record format (KIP-98, KIP-360, KIP-890).
 *
 * <p>Decide and do are apart. {@code Transaction} is an immutable value whose methods are its legal transitions; {@code TransactionRules} decides, purely, what a request does to it;
 * {@code TransactionShard} keeps the transactions of one partition on Kafka's generic coordinator runtime, which writes records, waits for their commitment and takes back what could not be
 * written; {@code TransactionCoordinator} puts requests to the shards; {@code MarkerDelivery} sees every prepared transaction to its end. {@code MarkerSender} is the way to the partitions'
 * leaders, on this broker and on others; {@code ClusterAdmission} the way of the partitions' leaders to the coordinator.
 *
 * <p><b>A transaction's life</b>, with what a crash leaves behind at each point (the state is the last record in {@code __transaction_state}, nothing else):
 * <pre>
 *   1 ONGOING written            open; its records wait below the last stable offset. Goes on, or is aborted at its timeout.
 *   2 PREPARE_* written          the decision. Committed = irrevocable: it is answered to the client, and every later life of this coordinator carries it out.
 *   3 markers appended, one per partition, committed each
 *   4 COMPLETE_* written         the next transaction may begin
 * </pre>
 * Killed before 2 is committed: the client has no answer and asks again. Between 2 and 4: loading the partition finds PREPARE_* and sends all its markers again, then writes COMPLETE_*. A
 * marker sent twice is harmless: no partition can have joined a next transaction before 4. Under transaction version 2 a second one is recognized by its epoch and not written at all; under
 * version 0 and 1 it may be in the log twice and ends nothing the second time.
 *
 * <p><i>Invariants</i>
 * <ul>
 * <li>Markers are sent only for a transaction whose PREPARE_* is committed and whose COMPLETE_* was not written, by one delivery at a time.
 * <li>A partition takes the first record of a transaction only after the coordinator has written that it belongs to it (produce and offset commits ask {@code Transactions} first).
 * <li>A producer id with an epoch is answered to one producer only. Under version 2 each end of a transaction raises the epoch; at the last epoch a new producer id takes over.
 * </ul>
 *
 * <p>Used by {@code handler} and {@code Broker}. Runs on the coordinator's own threads, reaches partitions by message, and is never waited for on a loop.
 */
package io.firn.gateway.transaction;
