package io.firn.cold.bucket;

import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.PendingDeletion;
import io.firn.cold.read.LiveSegment;
import java.util.function.Consumer;

/** A manifest as lines for people. Pure. */
public final class ManifestText {

    private ManifestText() {}

    /** @param each every segment and pending deletion too */
    public static void show(NewestManifest newest, boolean each, Consumer<String> out) {
        Manifest manifest = newest.manifest();
        out.accept("partition " + newest.partition().topic() + "-" + newest.partition().partition() + ", topic id " + newest.partition().topicId());
        if (manifest.number() == 0) {
            out.accept("manifest  none: nothing was ever committed");
            return;
        }
        long bytes = newest.live().segments().stream().mapToLong(segment -> segment.facts().logSizeBytes()).sum();
        long newestMs = newest.live().segments().stream().mapToLong(segment -> segment.facts().maxTimestampMs()).max().orElse(-1);
        out.accept("manifest  " + manifest.number() + ", written " + Shown.time(manifest.writtenAtMs()) + " by the leader of epoch " + manifest.writerEpoch());
        out.accept("offsets   " + Shown.range(newest.startOffset(), newest.endOffset()) + (newest.content().cleanOffset() > 0 ? ", compacted up to " + newest.content().cleanOffset() : ""));
        out.accept("segments  " + newest.live().segments().size() + ", " + bytes + " log bytes, newest record " + Shown.time(newestMs));
        if (each) {
            newest.live().segments().forEach(segment -> out.accept(line(segment)));
        }
        out.accept("pending   " + newest.content().pending().size() + " deletion(s)");
        if (each) {
            newest.content().pending().forEach(deletion -> out.accept(line(newest, deletion)));
        }
    }

    private static String line(LiveSegment segment) {
        var facts = segment.facts();
        return "segment   " + Shown.range(facts.baseOffset(), facts.nextOffset()) + ", epoch " + facts.leaderEpoch() + ", " + facts.logSizeBytes() + " of " + facts.objectSizeBytes()
                + " bytes are log, newest record " + Shown.time(facts.maxTimestampMs()) + ", offloaded " + Shown.time(facts.offloadedAtMs()) + (segment.hasAbortedTransactions() ? ", aborted transactions" : "")
                + ": " + facts.key();
    }

    private static String line(NewestManifest newest, PendingDeletion deletion) {
        return "deletion  dropped " + Shown.time(deletion.droppedAtMs()) + ": " + newest.keys().segment(deletion.name());
    }
}
