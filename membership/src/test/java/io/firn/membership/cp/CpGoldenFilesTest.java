package io.firn.membership.cp;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Seeds;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.storage.SimFolder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of a CP directory as Firn 0.1 writes them: an identity, and a log with a first frame and two more. */
class CpGoldenFilesTest {

    private static final CpGroup GROUP = new CpGroup("METADATA", 0, 0);
    private static final UUID OWN = new UUID(1, 2);
    private static final UUID OTHER = new UUID(3, 4);
    private static final CpIdentity IDENTITY = new CpIdentity(Stage.MEMBER, OWN, List.of(new CpPlace(OWN, 1, "10.0.0.1", 7701), new CpPlace(OTHER, 2, "b.example", 65_535)),
            List.of(new CpPlace(OWN, -1, "10.0.0.1", 7701)), 17, List.of(GROUP));

    /** A directory that is written through the store, beginning with the golden identity. */
    private static SimFolder written() throws IOException {
        SimFolder folder = new SimFolder(Seeds.random(0));
        folder.put("identity", new CpIdentity(Stage.MEMBER, OWN, IDENTITY.founders(), IDENTITY.members(), 17, List.of()).encode());
        CpStore store = CpStore.open(folder, cause -> { });
        GroupLog log = store.log(GROUP, false);
        log.open();
        log.begin(OWN, List.of(OWN, OTHER));
        log.entry(1, 1, new byte[] {1});
        log.snapshot(1, 1, new byte[] {9, 9});
        log.term(2, Optional.empty());
        log.term(2, Optional.of(OTHER));
        log.entry(2, 2, new byte[] {2, 3});
        log.entry(3, 2, new byte[] {});
        log.cut(3);
        log.flush();
        return folder;
    }

    private static Properties golden() throws IOException {
        Properties golden = new Properties();
        try (InputStream in = CpGoldenFilesTest.class.getResourceAsStream("/golden/cp.properties")) {
            golden.load(in);
        }
        return golden;
    }

    private static SimFolder goldenFolder() throws IOException {
        SimFolder folder = new SimFolder(Seeds.random(0));
        golden().forEach((name, hex) -> folder.put((String) name, HexFormat.of().parseHex((String) hex)));
        return folder;
    }

    @Test
    void filesAreWrittenAsInTheGoldenFile() throws IOException {
        SimFolder folder = written();
        Properties written = new Properties();
        for (String name : folder.names()) {
            written.setProperty(name, HexFormat.of().formatHex(folder.read(name)));
        }
        assertThat(written).isEqualTo(golden());
    }

    @Test
    void goldenFilesAreReadAsWhatTheyWereWrittenFrom() throws IOException {
        CpStore store = CpStore.open(goldenFolder(), cause -> { });
        assertThat(store.identity()).isEqualTo(IDENTITY);
        GroupLog log = store.log(GROUP, true);
        assertThat(log.members()).contains(new GroupRecord.Members(OWN, List.of(OWN, OTHER)));
        assertThat(log.term()).isEqualTo(new GroupRecord.Term(2, Optional.of(OTHER)));
        assertThat(log.snapshot().orElseThrow().bytes()).containsExactly(9, 9);
        assertThat(log.entries()).extracting(GroupRecord.Entry::index).containsExactly(2L);
    }

    @Test
    void theyArePrintedForPeopleToRead(@TempDir Path directory) throws IOException {
        SimFolder folder = goldenFolder();
        for (String name : folder.names()) {
            Files.write(directory.resolve(name), folder.read(name));
        }
        Files.write(directory.resolve("lock"), new byte[0]);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new CpPrinter(new PrintStream(out, true, StandardCharsets.UTF_8), bytes -> HexFormat.of().formatHex(bytes)).print(directory);
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).containsExactly(
                "0-0.raft: group METADATA, 3 frames, entries up to 2",
                "  member " + OWN + " of a group begun by [" + OWN + ", " + OTHER + "]",
                "  term 2",
                "  snapshot up to entry 1 of term 1, 2 bytes: 0909",
                "  term 2, vote for " + OTHER,
                "  entry 2 of term 2, 2 bytes: 0203",
                "  entry 3 of term 2, 0 bytes: ",
                "  entries from 3 on are no more",
                "identity: MEMBER " + OWN,
                "  founder " + OWN + " broker 1 at 10.0.0.1:7701",
                "  founder " + OTHER + " broker 2 at b.example:65535",
                "  member (as of commit 17) " + OWN + " at 10.0.0.1:7701",
                "  group METADATA in 0-0.raft");
    }
}
