/**
 * Journal entries: what a change of the cluster is, how it changes a {@link io.firn.membership.ClusterView}, and how it is written as bytes.
 *
 * <p>Used by the controller (which decides entries), the journal (which keeps them) and {@code Metadata} (which applies them). Pure and immutable, any thread.
 * Imports of this module only its top package.
 */
package io.firn.membership.entry;
