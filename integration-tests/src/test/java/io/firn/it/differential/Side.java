package io.firn.it.differential;

/** The two brokers that are asked. */
enum Side {
    FIRN,
    KAFKA
}
