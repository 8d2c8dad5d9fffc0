/** Kafka's own group coordinator library over Firn's partitions. The only package that imports it. */
package io.firn.gateway.group;
