/** Kafka's framing on Vert.x and Netty: connections, requests in, responses out, and the limits on bytes in flight. */
package io.firn.gateway.wire;
