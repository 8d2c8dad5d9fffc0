package io.firn.gateway.http;

import java.util.function.Supplier;

/**
 * What health pages ask.
 *
 * @param ready whether it serves Kafka clients; asked on event loops
 * @param inSync whether, besides, all its replicas are in sync; may look at every partition, and is asked on a thread that may block
 */
public record HealthChecks(Supplier<Readiness> ready, Supplier<Readiness> inSync) {}
