package io.firn.membership.entry;

import io.firn.membership.BrokerView;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A registration and a broker's state as bytes. Pure.
 *
 * <pre>
 *  version 1  id: varint, epoch: varint, host: string, port: varint, hasRack: flag, [rack: string], fenced: flag
 *  version 2  id: varint, epoch: varint, process: uuid, directory: uuid, count: varint, count × (name: string, host: string, port: varint),
 *             hasRack: flag, [rack: string], state
 *  state      byte: 1 fenced, 2 in controlled shutdown, 4 draining
 * </pre>
 */
final class BrokerCodec {

    /** The version that says more than one address and whether it is fenced. */
    static final int INCARNATION_VERSION = 2;

    private static final int FENCED = 1;
    private static final int SHUTTING_DOWN = 2;
    private static final int DRAINING = 4;

    private BrokerCodec() {}

    static int version(BrokerView broker) {
        boolean plain = broker.incarnation().equals(Incarnation.UNKNOWN) && broker.endpoints().size() == 1 && broker.endpoints().get(0).name().equals(Endpoint.CLIENT)
                && !broker.inControlledShutdown() && !broker.draining();
        return plain ? 1 : INCARNATION_VERSION;
    }

    static void encode(ByteSink out, BrokerView broker) {
        out.putVarint(broker.id());
        out.putVarint(broker.epoch());
        if (version(broker) == 1) {
            out.putString(broker.host());
            out.putVarint(broker.port());
            out.putOptional(broker.rack());
            out.putByte(broker.fenced() ? 1 : 0);
            return;
        }
        out.putUuid(broker.incarnation().process());
        out.putUuid(broker.incarnation().directory());
        out.putVarint(broker.endpoints().size());
        broker.endpoints().forEach(endpoint -> {
            out.putString(endpoint.name());
            out.putString(endpoint.host());
            out.putVarint(endpoint.port());
        });
        out.putOptional(broker.rack());
        out.putByte(state(broker.fenced(), broker.inControlledShutdown(), broker.draining()));
    }

    static BrokerView decode(ByteSource in, int version) {
        int id = in.takeVarint();
        long epoch = in.takeVarlong();
        try {
            return version == 1 ? new BrokerView(id, epoch, in.takeString(), in.takeVarint(), in.takeOptional(), in.takeFlag()) : decodeLater(in, id, epoch);
        } catch (IllegalArgumentException e) {
            throw new EntryFormatException(e.getMessage());
        }
    }

    private static BrokerView decodeLater(ByteSource in, int id, long epoch) {
        Incarnation incarnation = new Incarnation(in.takeUuid(), in.takeUuid());
        List<Endpoint> endpoints = new ArrayList<>();
        for (int left = in.takeCount(); left > 0; left--) {
            endpoints.add(new Endpoint(in.takeString(), in.takeString(), in.takeVarint()));
        }
        Optional<String> rack = in.takeOptional();
        int state = takeState(in);
        return new BrokerView(id, epoch, incarnation, endpoints, rack, (state & FENCED) != 0, (state & SHUTTING_DOWN) != 0, (state & DRAINING) != 0);
    }

    static void encode(ByteSink out, Entry.BrokerStateChanged change) {
        out.putVarint(change.id());
        out.putVarint(change.epoch());
        out.putByte(state(change.fenced(), change.inControlledShutdown(), change.draining()));
    }

    static Entry decodeState(ByteSource in) {
        int id = in.takeVarint();
        long epoch = in.takeVarlong();
        int state = takeState(in);
        return new Entry.BrokerStateChanged(id, epoch, (state & FENCED) != 0, (state & SHUTTING_DOWN) != 0, (state & DRAINING) != 0);
    }

    private static int state(boolean fenced, boolean shuttingDown, boolean draining) {
        return (fenced ? FENCED : 0) | (shuttingDown ? SHUTTING_DOWN : 0) | (draining ? DRAINING : 0);
    }

    private static int takeState(ByteSource in) {
        int state = in.takeByte();
        if (state > (FENCED | SHUTTING_DOWN | DRAINING)) {
            throw new EntryFormatException("there is no such state of a broker");
        }
        return state;
    }
}
