package io.firn.membership.entry;

import io.firn.membership.Command.ConfigScope;
import io.firn.membership.DeletedTopic;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
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
 *  3 registered    {@link BrokerCodec} (version 2: incarnation, several endpoints, further states)
 *  4 created       id: uuid, name: string, configs, partitions from 0 ({@link PartitionCodec}; version 2: reassigning or recovering ones among them)
 *  5 deleted       id: uuid
 *  6 grown         id: uuid, first: varint, partitions from first (versions as created)
 *  7 configured    scope: byte (0 topic, 1 broker, 2 group; from version 2: 3 client metrics), name: string, count: varint, count × (key: string, hasValue: flag, [value: string])
 *  8 allocated     nextProducerId: varint
 *  9 limited       count: varint, count × (kind: string, hasName: flag, [name: string]), count: varint, count × (key: string, hasValue: flag, [value: double])
 * 10 credited      user: string, mechanism: byte (1 SHA-256, 2 SHA-512), hasCredential: flag, [iterations: varint, salt: bytes, storedKey: bytes, serverKey: bytes]
 * 11 state         id: varint, epoch: varint, state ({@link BrokerCodec})
 * 12 unregistered  id: varint, epoch: varint
 * 13 changed       changes ({@link ChangeCodec})
 * 14 deletions     count: varint, count × (id: uuid, version: varint, leaderEpoch: varint, buried: flag)
 *
 *  configs    count: varint, count × (key: string, value: string), sorted by key
 *  varint     unsigned LEB128          string   length: varint, UTF-8          flag   byte 0 or 1          uuid   16 bytes
 *  bytes      length: varint, bytes    double   8 bytes, IEEE 754
 * </pre>
 *
 * <p>A type or version this class does not know is refused, never skipped: a broker that ignored a change would disagree with the others. A new field
 * or a new value of one means a new version of its type; old versions stay readable for ever, because they are in old journals. An entry is written in the oldest version that can say it.
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
    private static final int LIMITED = 9;
    private static final int CREDITED = 10;
    private static final int STATE = 11;
    private static final int UNREGISTERED = 12;
    private static final int CHANGED = 13;
    private static final int DELETIONS = 14;

    /** Of CONFIGURED: knows client metrics. */
    private static final int CLIENT_METRICS_VERSION = 2;

    private EntryCodec() {}

    public static byte[] encode(Entry entry) {
        ByteSink out = new ByteSink();
        out.putByte(type(entry));
        out.putByte(version(entry));
        if (entry instanceof Entry.ClusterFormed formed) {
            out.putString(formed.clusterId());
        } else if (entry instanceof Entry.BrokerRegistered registered) {
            BrokerCodec.encode(out, registered.broker());
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
        } else if (entry instanceof Entry.ClientQuotasChanged limited) {
            encodeQuotas(out, limited);
        } else if (entry instanceof Entry.ScramCredentialChanged credited) {
            encodeCredential(out, credited);
        } else if (entry instanceof Entry.BrokerStateChanged changed) {
            BrokerCodec.encode(out, changed);
        } else if (entry instanceof Entry.BrokerUnregistered unregistered) {
            out.putVarint(unregistered.id());
            out.putVarint(unregistered.epoch());
        } else if (entry instanceof Entry.PartitionsChanged changed) {
            ChangeCodec.encode(out, changed.topics());
        } else if (entry instanceof Entry.DeletionsKnown known) {
            encodeDeletions(out, known.topics());
        }
        return out.toByteArray();
    }

    /** Reads the entry that fills the buffer from its position to its limit. */
    public static Entry decode(ByteBuffer bytes) {
        ByteSource in = new ByteSource(bytes);
        int type = in.takeByte();
        int version = in.takeByte();
        if (version < VERSION || version > newest(type)) {
            throw EntryFormatException.unknown(type, version);
        }
        Entry entry = switch (type) {
            case FORMED -> new Entry.ClusterFormed(in.takeString());
            case ELECTED -> new Entry.ControllerElected();
            case REGISTERED -> new Entry.BrokerRegistered(BrokerCodec.decode(in, version));
            case CREATED -> new Entry.TopicCreated(decodeTopic(in, version));
            case DELETED -> new Entry.TopicDeleted(in.takeUuid());
            case GROWN -> decodeGrown(in, version);
            case CONFIGURED -> decodeChanges(in, version);
            case ALLOCATED -> new Entry.ProducerIdsAllocated(in.takeVarlong());
            case LIMITED -> decodeQuotas(in);
            case CREDITED -> decodeCredential(in);
            case STATE -> BrokerCodec.decodeState(in);
            case UNREGISTERED -> new Entry.BrokerUnregistered(in.takeVarint(), in.takeVarlong());
            case CHANGED -> new Entry.PartitionsChanged(ChangeCodec.decode(in));
            case DELETIONS -> decodeDeletions(in);
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
        } else if (entry instanceof Entry.ClientQuotasChanged) {
            return LIMITED;
        } else if (entry instanceof Entry.ScramCredentialChanged) {
            return CREDITED;
        } else if (entry instanceof Entry.BrokerStateChanged) {
            return STATE;
        } else if (entry instanceof Entry.BrokerUnregistered) {
            return UNREGISTERED;
        } else if (entry instanceof Entry.PartitionsChanged) {
            return CHANGED;
        } else if (entry instanceof Entry.DeletionsKnown) {
            return DELETIONS;
        }
        throw new IllegalStateException("no type number for " + entry.getClass());
    }

    /** The oldest version that can say it. */
    private static int version(Entry entry) {
        if (entry instanceof Entry.ConfigsChanged changed && changed.scope() == ConfigScope.CLIENT_METRICS) {
            return CLIENT_METRICS_VERSION;
        } else if (entry instanceof Entry.BrokerRegistered registered) {
            return BrokerCodec.version(registered.broker());
        } else if (entry instanceof Entry.TopicCreated created) {
            return PartitionCodec.version(created.topic().partitions());
        } else if (entry instanceof Entry.PartitionsAdded added) {
            return PartitionCodec.version(added.partitions());
        }
        return VERSION;
    }

    private static int newest(int type) {
        return switch (type) {
            case REGISTERED -> BrokerCodec.INCARNATION_VERSION;
            case CREATED, GROWN -> PartitionCodec.REASSIGNING_VERSION;
            case CONFIGURED -> CLIENT_METRICS_VERSION;
            default -> VERSION;
        };
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

    private static TopicView decodeTopic(ByteSource in, int version) {
        Uuid id = in.takeUuid();
        String name = in.takeString();
        Map<String, String> configs = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            configs.put(in.takeString(), in.takeString());
        }
        return new TopicView(id, name, PartitionCodec.decode(in, 0, version), configs);
    }

    private static Entry decodeGrown(ByteSource in, int version) {
        Uuid id = in.takeUuid();
        return new Entry.PartitionsAdded(id, PartitionCodec.decode(in, in.takeVarint(), version));
    }

    private static void encodeDeletions(ByteSink out, List<DeletedTopic> topics) {
        out.putVarint(topics.size());
        for (DeletedTopic topic : topics) {
            out.putUuid(topic.id());
            out.putVarint(topic.version());
            out.putVarint(topic.leaderEpoch());
            out.putByte(topic.buried() ? 1 : 0);
        }
    }

    private static Entry decodeDeletions(ByteSource in) {
        List<DeletedTopic> topics = new ArrayList<>();
        for (int left = in.takeCount(); left > 0; left--) {
            topics.add(new DeletedTopic(in.takeUuid(), in.takeVarlong(), in.takeVarint(), in.takeFlag()));
        }
        return new Entry.DeletionsKnown(topics);
    }

    private static void encodeChanges(ByteSink out, Entry.ConfigsChanged changed) {
        out.putByte(switch (changed.scope()) {
            case TOPIC -> 0;
            case BROKER -> 1;
            case GROUP -> 2;
            case CLIENT_METRICS -> 3;
        });
        out.putString(changed.name());
        out.putVarint(changed.changes().size());
        new TreeMap<>(changed.changes()).forEach((key, value) -> {
            out.putString(key);
            out.putOptional(value);
        });
    }

    private static Entry decodeChanges(ByteSource in, int version) {
        int number = in.takeByte();
        if (number == 3 && version < CLIENT_METRICS_VERSION) {
            throw new EntryFormatException("there is no such config scope in version " + version);
        }
        ConfigScope scope = switch (number) {
            case 0 -> ConfigScope.TOPIC;
            case 1 -> ConfigScope.BROKER;
            case 2 -> ConfigScope.GROUP;
            case 3 -> ConfigScope.CLIENT_METRICS;
            default -> throw new EntryFormatException("there is no such config scope");
        };
        String name = in.takeString();
        Map<String, Optional<String>> changes = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            changes.put(in.takeString(), in.takeOptional());
        }
        return new Entry.ConfigsChanged(scope, name, changes);
    }

    private static void encodeQuotas(ByteSink out, Entry.ClientQuotasChanged limited) {
        out.putVarint(limited.entity().parts().size());
        new TreeMap<>(limited.entity().parts()).forEach((kind, name) -> {
            out.putString(kind);
            out.putOptional(name);
        });
        out.putVarint(limited.changes().size());
        new TreeMap<>(limited.changes()).forEach((key, value) -> {
            out.putString(key);
            out.putByte(value.isPresent() ? 1 : 0);
            value.ifPresent(out::putDouble);
        });
    }

    private static Entry decodeQuotas(ByteSource in) {
        Map<String, Optional<String>> parts = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            parts.put(in.takeString(), in.takeOptional());
        }
        if (parts.isEmpty()) {
            throw new EntryFormatException("a quota belongs to nobody");
        }
        Map<String, Optional<Double>> changes = new HashMap<>();
        for (int left = in.takeCount(); left > 0; left--) {
            changes.put(in.takeString(), in.takeFlag() ? Optional.of(in.takeDouble()) : Optional.empty());
        }
        return new Entry.ClientQuotasChanged(new QuotaEntity(parts), changes);
    }

    private static void encodeCredential(ByteSink out, Entry.ScramCredentialChanged credited) {
        out.putString(credited.user());
        out.putByte(switch (credited.mechanism()) {
            case SHA_256 -> 1;
            case SHA_512 -> 2;
        });
        out.putByte(credited.credential().isPresent() ? 1 : 0);
        credited.credential().ifPresent(credential -> {
            out.putVarint(credential.iterations());
            out.putBytes(credential.salt());
            out.putBytes(credential.storedKey());
            out.putBytes(credential.serverKey());
        });
    }

    private static Entry decodeCredential(ByteSource in) {
        String user = in.takeString();
        ScramMechanism mechanism = switch (in.takeByte()) {
            case 1 -> ScramMechanism.SHA_256;
            case 2 -> ScramMechanism.SHA_512;
            default -> throw new EntryFormatException("there is no such mechanism");
        };
        return new Entry.ScramCredentialChanged(user, mechanism, in.takeFlag() ? Optional.of(decodeCredentialFields(in)) : Optional.empty());
    }

    private static ScramCredential decodeCredentialFields(ByteSource in) {
        int iterations = in.takeVarint();
        if (iterations == 0) {
            throw new EntryFormatException("a credential was never hashed");
        }
        return new ScramCredential(iterations, in.takeBytes(), in.takeBytes(), in.takeBytes());
    }
}
