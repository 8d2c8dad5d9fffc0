package io.firn.membership;

import java.util.Optional;

/** A registered broker. {@code epoch} grows with every registration (a restart registers anew). */
public record BrokerView(int id, long epoch, String host, int port, Optional<String> rack, boolean fenced) {}
