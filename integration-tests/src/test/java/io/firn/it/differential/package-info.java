/**
 * The differential test: a seeded generator sends the same requests, valid and invalid, to Firn and to an unmodified Apache Kafka, and compares the answers field by field.
 *
 * <pre>
 *  Generator ──Call──▶ Duel ──encoded for each──▶ Firn, Kafka
 *     ▲                 │  ◀──── Answer ×2 ─────
 *     │                 ├─▶ Comparison ──▶ Difference ──▶ AcceptedDifferences
 *   World ◀──learns─────┘
 * </pre>
 *
 * <p>Requests are drawn from the schemas of Kafka's generated message classes, so that every field of every version is met without naming it; {@code Choices} says what a field's value may be. What the two
 * brokers name differently (ids they make up) is a {@code Twin}. One thread does all of it. Nothing outside of this package uses it.
 */
package io.firn.it.differential;
