/**
 * The object store in a directory: Firn's embedded default, needing nothing but a disk.
 *
 * <p>Opened by {@link io.firn.cold.ObjectStores} only. May import the JDK, slf4j and {@code io.firn.cold}. All disk work happens on the
 * store's own bounded pool; see {@link io.firn.cold.file.FileObjectStore} for the layout on disk and what a crash leaves behind.
 */
package io.firn.cold.file;
