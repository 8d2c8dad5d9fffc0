package io.firn.membership.cp;

import io.firn.membership.cp.GroupRecord.Cut;
import io.firn.membership.cp.GroupRecord.Entry;
import io.firn.membership.cp.GroupRecord.Members;
import io.firn.membership.cp.GroupRecord.Snapshot;
import io.firn.membership.cp.GroupRecord.Term;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Prints files of a CP directory for people. It only reads, takes no lock, and may be used beside a running broker, whose newest frame it may then see in part.
 *
 * <p>Confined to one thread.
 */
public final class CpPrinter {

    private static final String IDENTITY = "identity";

    private final PrintStream out;
    private final Function<byte[], String> content;

    /** @param content says what the bytes of an entry or a snapshot mean */
    public CpPrinter(PrintStream out, Function<byte[], String> content) {
        this.out = out;
        this.content = content;
    }

    /** Prints a file, or all files of a directory that are of this kind. @throws io.firn.membership.MetadataOpenFailed if one is damaged or too new; those before it are printed then */
    public void print(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            file(path);
            return;
        }
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.filter(one -> one.endsWith(IDENTITY) || CpGroup.isFileName(one.getFileName().toString())).sorted().toList()) {
                file(file);
            }
        }
    }

    private void file(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        if (path.endsWith(IDENTITY)) {
            identity(CpIdentity.decode(bytes));
        } else {
            log(path.getFileName().toString(), GroupFile.decode(path.getFileName().toString(), bytes));
        }
    }

    private void identity(CpIdentity identity) {
        out.println("identity: " + identity.stage() + " " + identity.uuid());
        places("founder", identity.founders());
        places("member (as of commit " + identity.membersIndex() + ")", identity.members());
        identity.groups().forEach(group -> out.println("  group " + group.name() + " in " + group.fileName()));
    }

    private void places(String what, List<CpPlace> places) {
        places.forEach(place -> out.println("  " + what + " " + place.uuid() + (place.brokerId() < 0 ? "" : " broker " + place.brokerId()) + " at " + place.address()));
    }

    private void log(String name, GroupFile file) {
        out.println(name + ": group " + file.group().name() + ", " + file.frames() + " frames, entries up to " + file.state().lastIndex()
                + (file.tornBytes() == 0 ? "" : ", then " + file.tornBytes() + " bytes of a frame that was not finished and will be cut"));
        file.history().forEach(record -> out.println("  " + line(record)));
    }

    private String line(GroupRecord record) {
        if (record instanceof Members members) {
            return "member " + members.own() + " of a group begun by " + members.initial();
        } else if (record instanceof Term term) {
            return "term " + term.term() + term.vote().map(vote -> ", vote for " + vote).orElse("");
        } else if (record instanceof Entry entry) {
            return "entry " + entry.index() + " of term " + entry.term() + ", " + entry.bytes().length + " bytes: " + content.apply(entry.bytes());
        } else if (record instanceof Snapshot snapshot) {
            return "snapshot up to entry " + snapshot.index() + " of term " + snapshot.term() + ", " + snapshot.bytes().length + " bytes: " + content.apply(snapshot.bytes());
        }
        return "entries from " + ((Cut) record).fromIndex() + " on are no more";
    }
}
