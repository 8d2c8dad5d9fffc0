/**
 * Log lines: key=value text or JSON lines on standard error, configured in code, with no XML read. Reached through slf4j and through
 * {@link io.firn.gateway.logging.Logging} by the commands; an administrator changes levels by {@link io.firn.gateway.logging.LoggerLevels}. The only package that imports logback. Thread-safe.
 */
package io.firn.gateway.logging;
