/**
 * What the object stores share: retry policy and its decorator, the decorators that count, the semantics over a bucket reached by HTTP, multipart uploads, and
 * the one table from HTTP errors to {@link io.firn.cold.ColdStoreException}.
 *
 * <p>Called by {@link io.firn.cold.ObjectStores} and the providers only. May import the JDK, slf4j, Micrometer and {@code io.firn.cold}; no client library.
 * Everything is asynchronous; threads are constructor arguments.
 */
package io.firn.cold.store;
