/** Configs of topics and brokers: the answers of Apache Kafka's own broker beside Firn's, and what they do to a stock client. Tests only. */
package io.firn.it.configs;
