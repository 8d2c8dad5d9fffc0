/**
 * Metrics of clients (KIP-714): subscriptions and who has to push what when, by Kafka's rules; what was pushed becomes series of this broker's metrics page.
 *
 * <p>Used by {@code gateway.handler}; may import Kafka's config definition of subscriptions ({@code kafka-server}), its message classes, and the OTLP classes that come inside {@code kafka-clients}.
 * Pushed payloads are inflated and parsed on a pool's thread, never on an event loop.
 */
package io.firn.gateway.telemetry;
