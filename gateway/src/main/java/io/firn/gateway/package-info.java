/**
 * The one module that listens, dials, schedules and has {@code main}. This package holds the {@code Broker} composition root: it alone sees every module and package, and only
 * {@code gateway.cli} uses it. It runs on the thread that starts or stops the broker.
 */
package io.firn.gateway;
