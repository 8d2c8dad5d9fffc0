package io.firn.membership.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Endpoint;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.Progress;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.Seeds;
import io.firn.membership.replication.Message.Position;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The bytes of messages: brokers of neighbouring versions read each other's. */
class MessageCodecTest {

    private static final EntryHash HASH = new EntryHash(1, -2, 3, 4);
    private static final Uuid ID = new Uuid(5, -6);
    private static final byte[] SECRET = {1, 2};

    /** One of each message, and of each command. A new one must be added here and in golden/messages.properties. */
    private static Map<String, Message> examples() {
        Map<String, Message> all = new LinkedHashMap<>();
        all.put("announce", new Message.Announce(7));
        all.put("find", new Message.Find());
        all.put("follow", new Message.Follow(7, 8, List.of(new Position(9, HASH), new Position(0, EntryHash.NONE))));
        all.put("catchUp", new Message.CatchUp(new Head(9, 7, HASH), List.of(new Position(3, HASH))));
        all.put("fetchSnapshot", new Message.FetchSnapshot(new Position(9, HASH), 1 << 20));
        all.put("pointer", new Message.Pointer(7, -1));
        all.put("entries", new Message.Entries(new Position(9, HASH), List.of(new byte[] {1, 2}, new byte[0]), new Position(8, HASH)));
        all.put("offer", new Message.Offer(new Position(9, HASH), 300));
        all.put("chunk", new Message.Chunk(new byte[] {1, 2, 3}));
        all.put("lacks", new Message.Lacks());
        all.put("done", new Message.Done(9, List.of(PartitionOutcome.done(new TopicPartition("t", 1)), PartitionOutcome.refused(new TopicPartition("t", 2), Reason.UNKNOWN_TOPIC, "no"))));
        all.put("refused", new Message.Refused(Reason.TOPIC_EXISTS, "there is one, ü"));
        all.put("unavailable", new Message.Unavailable("why"));
        all.put("inspect", new Message.Inspect());
        all.put("inspected", new Message.Inspected(new Progress(1, 7, 9, 8, 1_700_000_000_000L, Map.of(2, new Progress.Follower(9, 5, 4), 3, new Progress.Follower(-1, 5, -1)))));
        commands().forEach(command -> all.put("submit" + command.getClass().getSimpleName(), new Message.Submit(-1, 2, command)));
        return all;
    }

    private static List<Command> commands() {
        return List.of(new Command.RegisterBroker(1, new Incarnation(ID, new Uuid(7, 8)), List.of(Endpoint.client("h", 9092), new Endpoint("PEERS", "p", 9093)), Optional.of("r")),
                new Command.UnfenceBroker(1, 2, 3), new Command.FenceBroker(1, 2), new Command.ShutDownBroker(1, 2), new Command.UnregisterBroker(1), new Command.DrainBroker(1, 10),
                new Command.EndDrain(1), new Command.AlterIsr(1, 2, List.of(new Command.IsrChange(ID, 0, 3, 4, List.of(new Command.InSync(1, 2), new Command.InSync(2, -1)), true))),
                new Command.ElectLeaders(Command.Election.UNCLEAN, Optional.of(List.of(new TopicPartition("t", 1)))), new Command.BalanceLeaders(10, 100),
                new Command.ReassignPartitions(List.of(new Command.Reassignment(new TopicPartition("t", 1), Optional.of(List.of(1, 2))),
                        new Command.Reassignment(new TopicPartition("t", 2), Optional.empty())), true),
                new Command.CreateTopic(ID, "t", 2, -1, Map.of(0, List.of(1, 2)), Map.of("k", "v")),
                new Command.RestoreTopic(ID, "t", 2, -1, 7, Map.of("k", "v")), new Command.DeleteTopic(ID), new Command.BuryTopics(List.of(ID, new Uuid(7, 8))), new Command.AddPartitions("t", 3, List.of(List.of(1), List.of())),
                new Command.AlterConfigs(ConfigScope.GROUP, "g", Map.of("b", Optional.of("1"), "a", Optional.empty())), new Command.AllocateProducerIds(1000),
                new Command.AlterClientQuotas(new QuotaEntity(Map.of("user", Optional.empty())), Map.of("q", Optional.of(0.5))),
                new Command.AlterScramCredential("u", ScramMechanism.SHA_256, Optional.of(new ScramCredential(4096, SECRET, SECRET, SECRET))));
    }

    private static Properties golden() throws IOException {
        Properties golden = new Properties();
        try (InputStream in = MessageCodecTest.class.getResourceAsStream("/golden/messages.properties")) {
            golden.load(in);
        }
        return golden;
    }

    @Test
    void everyMessageAndEveryCommandHasAnExample() {
        assertThat(examples().values().stream().map(Object::getClass).collect(Collectors.toSet())).containsExactlyInAnyOrder(Message.class.getPermittedSubclasses());
        assertThat(commands().stream().map(Object::getClass).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(Arrays.stream(Command.class.getPermittedSubclasses()).toArray(Class<?>[]::new));
    }

    @Test
    void messagesAreWrittenAndReadAsInTheGoldenFile() throws IOException {
        Map<String, String> written = examples().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> HexFormat.of().formatHex(MessageCodec.encode(e.getValue()))));
        assertThat(written).isEqualTo(golden());
        examples().forEach((name, message) -> assertThat(MessageCodec.decode(MessageCodec.encode(message))).as(name).usingRecursiveComparison().isEqualTo(message));
    }

    @Test
    void bytesThatAreCutFlippedOrTooManyAreRefusedAndNeverBelieved() {
        examples().forEach((name, message) -> {
            byte[] bytes = MessageCodec.encode(message);
            for (int length = 0; length < bytes.length; length++) {
                byte[] cut = Arrays.copyOf(bytes, length);
                assertThatThrownBy(() -> MessageCodec.decode(cut)).as("%s cut to %s", name, length).isInstanceOf(MessageFormatException.class);
            }
            assertThatThrownBy(() -> MessageCodec.decode(Arrays.copyOf(bytes, bytes.length + 1))).isInstanceOf(MessageFormatException.class);
            for (int bit = 0; bit < bytes.length * 8; bit++) {
                byte[] flipped = bytes.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                decodeOrRefuse(flipped);
            }
        });
    }

    private static void decodeOrRefuse(byte[] bytes) {
        try {
            assertThat(MessageCodec.decode(bytes)).isNotNull();
        } catch (MessageFormatException e) {
            assertThat(e).hasMessageMatching("(?s).+");
        }
    }

    @Test
    void whatThisVersionDoesNotKnowIsRefused() {
        for (byte[] bytes : new byte[][] {{2, 1, 0, 0, 0, 1}, {1, 0}, {1, 99}}) {
            assertThatThrownBy(() -> MessageCodec.decode(bytes)).isInstanceOf(MessageFormatException.class).hasMessageContaining("not known");
        }
        byte[] submit = MessageCodec.encode(new Message.Submit(1, 1, new Command.DeleteTopic(ID)));
        submit[submit.length - 17] = 'x';
        assertThatThrownBy(() -> MessageCodec.decode(submit)).isInstanceOf(MessageFormatException.class).hasMessageContaining("DeleteTopix is not known");
    }

    @Test
    void aMessageThatIsTooLongIsNeitherWrittenNorRead() {
        byte[] large = new byte[MessageCodec.MAX_BYTES];
        assertThatThrownBy(() -> MessageCodec.encode(new Message.Chunk(large))).isInstanceOf(MessageFormatException.class);
        assertThatThrownBy(() -> MessageCodec.decode(new byte[MessageCodec.MAX_BYTES + 1])).isInstanceOf(MessageFormatException.class);
    }

    @Test
    void randomBytesAreRefused() {
        Seeds.forEach(200, seed -> {
            byte[] bytes = new byte[2 + Seeds.random(seed).nextInt(200)];
            Seeds.random(seed).nextBytes(bytes);
            bytes[0] = 1;
            bytes[1] = (byte) (1 + seed % 16);
            decodeOrRefuse(bytes);
        });
    }
}
