/** What the gateway's tests stand on: real storage over simulated disks and buckets, and a client that speaks the protocol byte by byte. */
package io.firn.gateway.rig;
