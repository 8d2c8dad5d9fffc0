/**
 * The partitions this broker leads, each confined to one event loop, and the registry that finds them.
 */
package io.firn.gateway.partition;
