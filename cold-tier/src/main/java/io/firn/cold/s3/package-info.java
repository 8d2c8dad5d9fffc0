/**
 * Requests to a bucket with the AWS SDK: provider {@code s3}.
 *
 * <p>Opened by {@link io.firn.cold.ObjectStores} only, which loads these classes only if the provider is chosen. May import the JDK, {@code io.firn.cold}, {@code
 * io.firn.cold.store}, the AWS SDK, reactive-streams, and Netty: for the
 * SDK's event loop, and on that same loop for the connections that GETs of ranges go over ({@link io.firn.cold.s3.GetHttpClient}). What is confined to the loop says so.
 * Those GETs are signed here, all other requests by the SDK ({@link io.firn.cold.s3.DirectGets}).
 */
package io.firn.cold.s3;
