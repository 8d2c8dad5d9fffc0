/**
 * Membership and metadata: the cluster view, the journal that makes it durable, and the controller that alone changes it.
 *
 * <p>This package is the module's public API: {@link io.firn.membership.Metadata} and the views, commands, settings and errors around it may be used by the gateway, on the threads
 * each names. Sub-packages are its implementation. It may import the JDK, slf4j, pcollections and of kafka-clients {@code Uuid} and {@code TopicPartition}. It knows neither tier and no network.
 */
package io.firn.membership;
