/**
 * Requests to a bucket with the AWS SDK: provider {@code s3}.
 *
 * <p>Opened by {@link io.firn.cold.ObjectStores} only, which loads these classes only if the provider is chosen. May import the JDK, {@code io.firn.cold}, {@code
 * io.firn.cold.store}, the AWS SDK, reactive-streams, and Netty for the
 * SDK's event loops.
 */
package io.firn.cold.s3;
