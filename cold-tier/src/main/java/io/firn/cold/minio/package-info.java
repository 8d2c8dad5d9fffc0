/**
 * Requests to a bucket with the MinIO client: provider {@code minio}.
 *
 * <p>Opened by {@link io.firn.cold.ObjectStores} only, which loads these classes only if the provider is chosen. May import the JDK, {@code io.firn.cold}, {@code
 * io.firn.cold.store}, the MinIO client and okhttp; nothing else does.
 */
package io.firn.cold.minio;
