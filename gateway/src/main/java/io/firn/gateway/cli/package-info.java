/**
 * The command line: {@code firn up}, {@code topic}, {@code broker}, {@code produce}, {@code consume}, {@code demo}. Nothing imports it.
 *
 * <p>A command is an object used once, by the main thread; what another thread (the shutdown hook) touches is said on the class.
 * Imports the composition root, the settings, logging, and Kafka's public client API; no message classes.
 */
package io.firn.gateway.cli;
