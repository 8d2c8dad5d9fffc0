/** One class per Kafka API (or family), between the wire and the partitions, the metadata and the coordinators. */
package io.firn.gateway.handler;
