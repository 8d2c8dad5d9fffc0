/**
 * The disk under this module: the {@code Folder} port with its real implementation, and the metadata store of a single broker on top of it.
 *
 * <p>Used by the journal and by {@code Metadata}. Blocks on the disk, so the metadata thread only. Imports of this module only its top package.
 */
package io.firn.membership.storage;
