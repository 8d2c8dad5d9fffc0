package io.firn.membership.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.BrokerView;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.DeletedTopic;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionView;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.Seeds;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The bytes of entries: what was written once must be read for ever. */
class EntryCodecTest {

    private static final Uuid ID = new Uuid(0x0102030405060708L, 0x090a0b0c0d0e0f10L);

    /** One of each kind, and of each shape a kind has. A new kind must be added here and in golden/entries.properties. */
    static Map<String, Entry> examples() {
        Map<String, Entry> all = new LinkedHashMap<>();
        all.put("formed", new Entry.ClusterFormed("OxrVcxm4nNho-w5vaE35kg"));
        all.put("elected", new Entry.ControllerElected());
        all.put("registered", new Entry.BrokerRegistered(new BrokerView(300, 5_000_000_000L, "kafka-1.example", 9092, Optional.of("eu-1a"), false)));
        all.put("registeredWithoutRackFenced", new Entry.BrokerRegistered(new BrokerView(0, 1, "::1", 65535, Optional.empty(), true)));
        all.put("created", new Entry.TopicCreated(new TopicView(ID, "bestellungen-ü", List.of(new PartitionView(0, 1, 0, 0, List.of(1), List.of(1))), Map.of("retention.ms", "-1", "a", ""))));
        all.put("createdAsInSnapshot", new Entry.TopicCreated(new TopicView(ID, "t", List.of(new PartitionView(0, -1, 7, 300, List.of(1, 2, 3), List.of(3, 1)),
                new PartitionView(1, 2, 1, 1, List.of(2, 3, 1), List.of(2, 3, 1))), Map.of())));
        all.put("deleted", new Entry.TopicDeleted(ID));
        all.put("grown", new Entry.PartitionsAdded(ID, List.of(new PartitionView(128, 4, 0, 0, List.of(4, 5), List.of(4, 5)))));
        all.put("topicConfigured", new Entry.ConfigsChanged(ConfigScope.TOPIC, "t", Map.of("b", Optional.empty(), "a", Optional.of("1"))));
        all.put("brokerDefaultsConfigured", new Entry.ConfigsChanged(ConfigScope.BROKER, "", Map.of("a", Optional.of("1"))));
        all.put("groupConfigured", new Entry.ConfigsChanged(ConfigScope.GROUP, "g", Map.of("a", Optional.of(""))));
        all.put("clientMetricsConfigured", new Entry.ConfigsChanged(ConfigScope.CLIENT_METRICS, "m", Map.of("interval.ms", Optional.of("1000"))));
        all.put("limited", new Entry.ClientQuotasChanged(new QuotaEntity(Map.of("user", Optional.of("ü"), "client-id", Optional.empty())),
                Map.of("producer_byte_rate", Optional.of(1024.5), "request_percentage", Optional.empty())));
        all.put("credited", new Entry.ScramCredentialChanged("u", ScramMechanism.SHA_512, Optional.of(new ScramCredential(4096, new byte[] {1}, new byte[] {2, 3}, new byte[0]))));
        all.put("discredited", new Entry.ScramCredentialChanged("u", ScramMechanism.SHA_256, Optional.empty()));
        all.put("registeredWithIncarnation", new Entry.BrokerRegistered(new BrokerView(3, 77, new Incarnation(ID, new Uuid(3, 4)),
                List.of(Endpoint.client("k3.example", 9092), new Endpoint(Endpoint.PEER, "10.0.0.3", 9093)), Optional.of("eu-1b"), true, false, true)));
        all.put("createdWhileReassigning", new Entry.TopicCreated(new TopicView(ID, "t", List.of(new PartitionView(0, 1, 2, 3, List.of(4, 2, 1), List.of(2, 1), List.of(4), List.of(1), false),
                new PartitionView(1, 2, 1, 1, List.of(2, 3), List.of(2, 3)), new PartitionView(2, 3, 5, 6, List.of(2, 3), List.of(3), List.of(), List.of(), true)), Map.of())));
        all.put("grownWhileReassigning", new Entry.PartitionsAdded(ID, List.of(new PartitionView(7, -1, 2, 3, List.of(4), List.of(), List.of(4), List.of(), false))));
        all.put("state", new Entry.BrokerStateChanged(3, 300, true, true, false));
        all.put("unregistered", new Entry.BrokerUnregistered(3, 300));
        all.put("changed", new Entry.PartitionsChanged(List.of(
                new TopicChange(ID, List.of(new PartitionChange(0, 2, true, List.of(2, 3), false, Optional.empty()), new PartitionChange(1, -1, true, List.of(1), false, Optional.empty()),
                        new PartitionChange(300, 3, false, List.of(2, 3), false, Optional.of(new PartitionChange.Assignment(List.of(2, 3, 4), List.of(4), List.of()))))),
                new TopicChange(new Uuid(5, 6), List.of(new PartitionChange(9, 4, true, List.of(4), true, Optional.empty()))))));
        all.put("deletionsKnown", new Entry.DeletionsKnown(List.of(new DeletedTopic(ID, 300, 7, true), new DeletedTopic(new Uuid(5, 6), 5_000_000_000L, 0, false))));
        all.put("allocated", new Entry.ProducerIdsAllocated(Long.MAX_VALUE));
        return all;
    }

    @Test
    void everyKindOfEntryHasAnExample() {
        assertThat(examples().values().stream().map(Object::getClass).collect(Collectors.toSet())).containsExactlyInAnyOrder(Entry.class.getPermittedSubclasses());
    }

    @Test
    void entriesAreWrittenAndReadAsInTheGoldenFile() throws IOException {
        Properties golden = new Properties();
        try (InputStream in = getClass().getResourceAsStream("/golden/entries.properties")) {
            golden.load(in);
        }
        Map<String, String> written = examples().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> HexFormat.of().formatHex(EntryCodec.encode(e.getValue()))));
        assertThat(written).isEqualTo(golden);
        examples().forEach((name, entry) -> assertThat(EntryCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(golden.getProperty(name))))).isEqualTo(entry));
    }

    @Test
    void anUnknownTypeOrVersionIsRefusedAsTooNew() {
        for (byte[] bytes : new byte[][] {{99, 1}, {2, 2}, {0, 1}}) {
            assertThatThrownBy(() -> EntryCodec.decode(ByteBuffer.wrap(bytes)))
                    .isInstanceOfSatisfying(EntryFormatException.class, error -> assertThat(error.tooNew()).isTrue())
                    .hasMessageContaining("type " + bytes[0]).hasMessageContaining("version " + bytes[1]);
        }
    }

    @Test
    void everyCutAndEveryLeftOverByteIsRefused() {
        examples().forEach((name, entry) -> {
            byte[] bytes = EntryCodec.encode(entry);
            for (int size = 0; size < bytes.length; size++) {
                ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(bytes, size));
                assertThatThrownBy(() -> EntryCodec.decode(cut)).as("%s cut to %d", name, size).isInstanceOf(EntryFormatException.class);
            }
            assertThatThrownBy(() -> EntryCodec.decode(ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 1)))).isInstanceOf(EntryFormatException.class);
        });
    }

    @Test
    void nonsenseIsRefusedOrReadButNeverBreaksTheReader() {
        Seeds.forEach(20_000, seed -> {
            RandomGenerator random = Seeds.random(seed);
            byte[] bytes = new byte[2 + random.nextInt(60)];
            random.nextBytes(bytes);
            bytes[0] = (byte) (1 + random.nextInt(14));
            bytes[1] = (byte) (random.nextInt(4) > 0 || !Set.of(3, 4, 6, 7).contains((int) bytes[0]) ? 1 : 2);
            try {
                EntryCodec.decode(ByteBuffer.wrap(bytes));
            } catch (EntryFormatException e) {
                assertThat(e.tooNew()).isFalse();
            }
        });
    }

    @Test
    void anEntryIsWrittenInTheOldestVersionThatCanSayIt() {
        for (String name : List.of("registered", "registeredWithoutRackFenced", "created", "createdAsInSnapshot", "grown")) {
            assertThat(EntryCodec.encode(examples().get(name))[1]).as(name).isEqualTo((byte) 1);
        }
        for (String name : List.of("registeredWithIncarnation", "createdWhileReassigning", "grownWhileReassigning")) {
            assertThat(EntryCodec.encode(examples().get(name))[1]).as(name).isEqualTo((byte) 2);
        }
    }

    @Test
    void theLossOfALeaderTakesThreeBytesAPartitionWithThreeReplicas() {
        List<PartitionChange> changes = IntStream.range(0, 10_000)
                .mapToObj(p -> new PartitionChange(p, 1 + p % 8, true, List.of(1 + p % 8, 1 + (p + 1) % 8), false, Optional.empty())).toList();
        assertThat(EntryCodec.encode(new Entry.PartitionsChanged(List.of(new TopicChange(ID, changes)))).length).isLessThan(30_100);
    }

    @Test
    void aListOfBrokersThatIsNotThereIsRefused() {
        byte[] bytes = EntryCodec.encode(new Entry.PartitionsChanged(List.of(new TopicChange(ID, List.of(new PartitionChange(0, 1, false, List.of(1), false, Optional.empty()))))));
        bytes[bytes.length - 1] = 1;
        assertThatThrownBy(() -> EntryCodec.decode(ByteBuffer.wrap(bytes))).isInstanceOf(EntryFormatException.class).hasMessageContaining("no list of brokers");
    }

    @Test
    void onlyAConfigScopeOfALaterVersionIsWrittenInThatVersion() {
        assertThat(EntryCodec.encode(examples().get("groupConfigured"))[1]).isEqualTo((byte) 1);
        assertThat(EntryCodec.encode(examples().get("clientMetricsConfigured"))[1]).isEqualTo((byte) 2);
        byte[] bytes = EntryCodec.encode(examples().get("clientMetricsConfigured"));
        bytes[1] = 1;
        assertThatThrownBy(() -> EntryCodec.decode(ByteBuffer.wrap(bytes))).isInstanceOf(EntryFormatException.class).hasMessageContaining("no such config scope");
    }

    @Test
    void nothingOfACredentialIsInWhatMayBeLogged() {
        byte[] secret = {77, 78, 79};
        assertThat(new Entry.ScramCredentialChanged("u", ScramMechanism.SHA_256, Optional.of(new ScramCredential(4096, secret, secret, secret))).toString())
                .contains("hidden").doesNotContain("77", "[B", "4096");
    }

    @Test
    void textsAreUtf8OrRefused() {
        byte[] bytes = EntryCodec.encode(new Entry.ClusterFormed("xy"));
        assertThat(new String(bytes, 3, 2, StandardCharsets.UTF_8)).isEqualTo("xy");
        bytes[3] = (byte) 0xff;
        assertThatThrownBy(() -> EntryCodec.decode(ByteBuffer.wrap(bytes))).isInstanceOf(EntryFormatException.class).hasMessageContaining("UTF-8");
    }
}
