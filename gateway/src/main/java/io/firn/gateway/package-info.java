/** The one module that listens, dials, schedules and has {@code main}. This package holds the {@code Broker} composition root. */
package io.firn.gateway;
