package io.firn.membership;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A registered broker. Immutable.
 *
 * @param epoch grows with every registration (a restart registers anew); it is the version of the entry that registered it
 * @param endpoints at least one; the first is where clients are told to connect to
 * @param fenced not taken for alive: it leads nothing, and is in sync only where nobody else was
 * @param inControlledShutdown about to stop: it leads nothing any more and gets nothing new; ends with its next registration
 * @param draining gets no new replicas, and those it has are being moved away
 */
public record BrokerView(int id, long epoch, Incarnation incarnation, List<Endpoint> endpoints, Optional<String> rack, boolean fenced, boolean inControlledShutdown,
        boolean draining) {

    public BrokerView {
        endpoints = List.copyOf(endpoints);
        Set<String> names = new HashSet<>();
        if (endpoints.isEmpty() || !endpoints.stream().allMatch(endpoint -> names.add(endpoint.name()))) {
            throw new IllegalArgumentException("a broker has one endpoint or more, of different names");
        }
    }

    /** With one endpoint, of an incarnation that is not known. */
    public BrokerView(int id, long epoch, String host, int port, Optional<String> rack, boolean fenced) {
        this(id, epoch, Incarnation.UNKNOWN, List.of(Endpoint.client(host, port)), rack, fenced, false, false);
    }

    /** Where clients are told to connect to. */
    public String host() {
        return endpoints.get(0).host();
    }

    public int port() {
        return endpoints.get(0).port();
    }

    public Optional<Endpoint> endpoint(String name) {
        return endpoints.stream().filter(endpoint -> endpoint.name().equals(name)).findFirst();
    }

    /** Where other brokers connect to: the endpoint made for that, else the clients'. */
    public Endpoint peer() {
        return endpoint(Endpoint.PEER).orElse(endpoints.get(0));
    }

    /** Whether it may lead and be in sync: alive and not about to stop. */
    public boolean active() {
        return !fenced && !inControlledShutdown;
    }

    /** Whether new replicas may be put on it before others that may not. */
    public boolean placeable() {
        return active() && !draining;
    }

    /** The same broker in another state. */
    public BrokerView in(boolean nowFenced, boolean nowInControlledShutdown, boolean nowDraining) {
        return new BrokerView(id, epoch, incarnation, endpoints, rack, nowFenced, nowInControlledShutdown, nowDraining);
    }
}
