package io.firn.gateway.http;

import java.util.function.Supplier;

/**
 * What health pages ask. Both from event loops.
 *
 * @param ready whether it serves Kafka clients
 * @param inSync whether, besides, all its replicas are in sync
 */
public record HealthChecks(Supplier<Readiness> ready, Supplier<Readiness> inSync) {}
