package io.firn.gateway.wire;

import org.slf4j.event.Level;

/**
 * That a connection is to end.
 *
 * @param level at which it is logged
 */
record Ending(String reason, Level level) {}
