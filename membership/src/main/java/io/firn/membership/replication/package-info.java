/**
 * What brokers say to each other about metadata: messages and their bytes. Pure.
 *
 * <p>Used by the module's top package, which sends them through the port {@code MetadataPeers}. Imports of this module its top package only.
 */
package io.firn.membership.replication;
