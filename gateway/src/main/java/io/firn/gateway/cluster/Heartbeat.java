package io.firn.gateway.cluster;

/**
 * A broker's sign of life to the controller. Immutable.
 *
 * @param epoch of its registration
 * @param appliedVersion newest entry of the metadata it shows
 * @param wantsFence it is not ready to lead: its logs are not open yet
 */
public record Heartbeat(int broker, long epoch, long appliedVersion, boolean wantsFence) {}
