/**
 * Membership and metadata: the cluster view, the journal that makes it durable, and the controller that alone changes it.
 *
 * <p>This package is the module's public API; sub-packages are its implementation. It may import the JDK, slf4j and of
 * kafka-clients {@code Uuid}. It knows neither tier and no network.
 */
package io.firn.membership;
