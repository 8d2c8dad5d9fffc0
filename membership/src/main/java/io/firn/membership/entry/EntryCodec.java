package io.firn.membership.entry;

import io.firn.membership.BrokerView;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;

/**
 * Entries as bytes. Pure.
 *
 * <pre>
 *  entry      | type: byte | version of the type: byte | fields        |
 *  1 formed        clusterId: string
 *  2 elected       -
 *  3 registered    id: varint, epoch: varint, host: string, port: varint, hasRack: flag, [rack: string], fenced: flag
 *  4 created       id: uuid, name: string, configs, partitions from 0 ({@link PartitionCodec})
 *  5 deleted       id: uuid
 *  6 grown         id: uuid, first: varint, partitions from first
 *  7 configured    scope: byte (0 topic, 1 broker, 2 group), name: string, count: varint, count × (key: string, hasValue: flag, [value: string])
 *  8 allocated     nextProducerId: varint
 *
 *  configs    count: varint, count × (key: string, value: string), sorted by key
 *  varint     unsigned LEB128          string   length: varint, UTF-8          flag   byte 0 or 1          uuid   16 bytes
 * </pre>
 *
 * <p>A type or version this class does not know is refused, never skipped: a broker that ignored a change would disagree with the others. A new field
 * means a new version of its type; old versions stay readable for ever, because they are in old journals.
 */
public final class EntryCodec {

    private static final int VERSION = 1;

    private static final int FORMED = 1;
    private static final int ELECTED = 2;
    private static final int REGISTERED = 3;
    private static final int CREATED = 4;
    private static final int DELETED = 5;
    private static final int GROWN = 6;
    private static final int CONFIGURED = 7;
    private static final int ALLOCATED = 8;

    private EntryCodec() {}

    public static byte[] encode(Entry entry) {
        ByteSink out = new ByteSink();
        out.putByte(type(entry));
        out.putByte(VERSION);
        if (entry instanceof Entry.ClusterFormed formed) {
            out.putString(formed.clusterId());
        } else if (entry instanceof Entry.BrokerRegistered registered) {
            encodeBroker(out, registered.broker());
        } else if (entry instanceof Entry.TopicCreated created) {
            encodeTopic(out, created.topic());
        } else if (entry instanceof Entry.TopicDeleted deleted) {
            out.putUuid(deleted.id());
        } else if (entry instanceof Entry.PartitionsAdded added) {
            out.putUuid(added.topicId());
            out.putVarint(added.partitions().get(0).partition());
            PartitionCodec.encode(out, added.partitions());
        } else if (entry instanceof Entry.ConfigsChanged changed) {
            encodeChanges(out, changed);
        } else if (entry instanceof Entry.ProducerIdsAllocated allocated) {
            out.putVarint(allocated.nextProducerId());
        }
        return out.toByteArray();
    }

    /** Reads the entry that fills the buffer from its position to its limit. */
    public static Entry decode(ByteBuffer bytes) {
        ByteSource in = new ByteSource(bytes);
        int type = in.takeByte();
        int version = in.takeByte();
        if (version != VERSION) {
            throw EntryFormatException.unknown(type, version);
        }
        Entry entry = switch (type) {
            case FORMED -> new Entry.ClusterFormed(in.takeString());
            case ELECTED -> new Entry.ControllerElected();
            case REGISTERED -> new Entry.BrokerRegistered(decodeBroker(in));
            case CREATED -> new Entry.TopicCreated(decodeTopic(in));
            case DELETED -> new Entry.TopicDeleted(in.takeUuid());
            case GROWN -> decodeGrown(in);
            case CONFIGURED -> decodeChanges(in);
            case ALLOCATED -> new Entry.ProducerIdsAllocated(in.takeVarlong());
            default -> throw EntryFormatException.unknown(type, version);
        };
        in.end();
        return entry;
    }

    private static int type(Entry entry) {
        if (entry instanceof Entry.ClusterFormed) {
            return FORMED;
        } else if (entry instanceof Entry.ControllerElected) {
            return ELECTED;
        } else if (entry instanceof Entry.BrokerRegistered) {
            return REGISTERED;
        } else if (entry instanceof Entry.TopicCreated) {
            return CREATED;
        } else if (entry instanceof Entry.TopicDeleted) {
            return DELETED;
        } else if (entry instanceof Entry.PartitionsAdded) {
            return GROWN;
        } else if (entry instanceof Entry.ConfigsChanged) {
            return CONFIGURED;
        } else if (entry instanceof Entry.ProducerIdsAllocated) {
            return ALLOCATED;
        }
        throw new IllegalStateException("no type number for " + entry.getClass());
    }

    private static void encodeBroker(ByteSink out, BrokerView broker) {
        out.putVarint(broker.id());
        out.putVarint(broker.epoch());
        out.putString(broker.host());
        out.putVarint(broker.port());
        encodeOptional(out, broker.rack());
        out.putByte(broker.fenced() ? 1 : 0);
    }

    private static BrokerView decodeBroker(ByteSource in) {
        return new BrokerView(in.takeVarint(), in.takeVarlong(), in.takeString(), in.takeVarint(), decodeOptional(in), in.takeFlag());
    }

    private static void encodeTopic(ByteSink out, TopicView topic) {
        out.putUuid(topic.id());
        out.putString(topic.name());
        out.putVarint(topic.configs().size());
        new TreeMap<>(topic.configs()).forEach((key, value) -> {
            out.putString(key);
            out.putString(value);
        });
        PartitionCodec.encode(out, topic.partitions());
    }

    private static TopicView decodeTopic(ByteSource in) {
        Uuid id = in.takeUuid();
        String name = in.takeString();
        Map<String, String> configs = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            configs.put(in.takeString(), in.takeString());
        }
        return new TopicView(id, name, PartitionCodec.decode(in, 0), configs);
    }

    private static Entry decodeGrown(ByteSource in) {
        Uuid id = in.takeUuid();
        return new Entry.PartitionsAdded(id, PartitionCodec.decode(in, in.takeVarint()));
    }

    private static void encodeChanges(ByteSink out, Entry.ConfigsChanged changed) {
        out.putByte(switch (changed.scope()) {
            case TOPIC -> 0;
            case BROKER -> 1;
            case GROUP -> 2;
        });
        out.putString(changed.name());
        out.putVarint(changed.changes().size());
        new TreeMap<>(changed.changes()).forEach((key, value) -> {
            out.putString(key);
            encodeOptional(out, value);
        });
    }

    private static Entry decodeChanges(ByteSource in) {
        ConfigScope scope = switch (in.takeByte()) {
            case 0 -> ConfigScope.TOPIC;
            case 1 -> ConfigScope.BROKER;
            case 2 -> ConfigScope.GROUP;
            default -> throw new EntryFormatException("there is no such config scope");
        };
        String name = in.takeString();
        Map<String, Optional<String>> changes = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            changes.put(in.takeString(), decodeOptional(in));
        }
        return new Entry.ConfigsChanged(scope, name, changes);
    }

    private static void encodeOptional(ByteSink out, Optional<String> text) {
        out.putByte(text.isPresent() ? 1 : 0);
        text.ifPresent(out::putString);
    }

    private static Optional<String> decodeOptional(ByteSource in) {
        return in.takeFlag() ? Optional.of(in.takeString()) : Optional.empty();
    }
}
