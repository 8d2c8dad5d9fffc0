/** Clients nobody here wrote, against a broker process: the Java client in several versions, Apache Kafka's command line tools, kcat. Tests only. */
package io.firn.it.client;
