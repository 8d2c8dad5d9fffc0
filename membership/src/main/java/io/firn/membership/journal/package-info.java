/**
 * The metadata journal: numbered entries chained by hash in append-only files, with snapshots that keep it short.
 *
 * <p>Used by {@code Metadata}, on the metadata thread, over a {@code Folder}. Imports of this module its top package, {@code entry} and {@code storage}.
 */
package io.firn.membership.journal;
