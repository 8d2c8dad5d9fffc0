package io.firn.cold.bucket;

import io.firn.cold.ColdSegment;
import io.firn.cold.ObjectStore;
import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PendingDeletion;
import io.firn.cold.manifest.PendingPage;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import java.util.Optional;
import java.util.function.Consumer;

/** A manifest as lines for people, page by page where it has pages. Blocks on those; for one thread. */
public final class ManifestText {

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final Consumer<String> out;

    public ManifestText(ObjectStore objects, BucketLayout layout, Consumer<String> out) {
        this.objects = objects;
        this.layout = layout;
        this.out = out;
    }

    /** @param each every segment and pending deletion too, and the pages of every level, each before what it lists; else only the pages that the manifest itself lists. @return how many pages are damaged */
    public int show(NewestManifest newest, boolean each) {
        Manifest manifest = newest.manifest();
        ManifestContent content = newest.content();
        out.accept("partition " + newest.partition().topic() + "-" + newest.partition().partition() + ", topic id " + newest.partition().topicId());
        if (manifest.number() == 0) {
            out.accept("manifest  none: nothing was ever committed");
            return 0;
        }
        head(newest);
        out.accept("offsets   " + Shown.range(newest.startOffset(), newest.endOffset()) + (content.cleanOffset() > 0 ? ", compacted up to " + content.cleanOffset() : ""));
        out.accept("segments  " + content.segmentCount() + ", " + content.logSizeBytes() + " log bytes, newest record " + Shown.time(newest.maxTimestampMs()));
        if (!content.pages().isEmpty()) {
            out.accept("pages     " + content.pages().size() + ", before them " + content.oldest().size() + " segment(s), behind them " + content.segments().size());
        }
        int damaged = each ? all(newest) : 0;
        if (!each) {
            content.pages().forEach(page -> out.accept(line(newest.keys(), page)));
        }
        out.accept("pending   " + content.pending().size() + " deletion(s)" + (content.pendingPages().isEmpty() ? "" : ", " + content.pendingPages().size() + " page(s)"));
        if (each) {
            content.pending().forEach(deletion -> out.accept(line(newest.keys(), deletion)));
            content.pendingPages().forEach(deletion -> out.accept(line(newest.keys(), deletion)));
        }
        return damaged;
    }

    private void head(NewestManifest newest) {
        Manifest manifest = newest.manifest();
        out.accept("manifest  " + manifest.number() + ", written " + Shown.time(manifest.writtenAtMs()) + " by the leader of epoch " + manifest.writerEpoch());
    }

    private int all(NewestManifest newest) {
        int damaged = 0;
        LiveWalk walk = new LiveWalk(objects, layout, newest, this::head);
        for (Optional<LiveWalk.Stop> stop = walk.next(); stop.isPresent(); stop = walk.next()) {
            out.accept(stop.get().extent() instanceof PageReference page ? line(newest.keys(), page) : line(newest.keys(), (SegmentEntry) stop.get().extent()));
            if (stop.get().problem().isPresent()) {
                out.accept("DAMAGED   that page " + stop.get().problem().get());
                damaged++;
            }
        }
        return damaged;
    }

    private static String line(PartitionKeys keys, SegmentEntry segment) {
        ColdSegment facts = LiveSegment.of(keys, segment).facts();
        return "segment   " + Shown.range(facts.baseOffset(), facts.nextOffset()) + ", epoch " + facts.leaderEpoch() + ", " + facts.logSizeBytes() + " of " + facts.objectSizeBytes()
                + " bytes are log, newest record " + Shown.time(facts.maxTimestampMs()) + ", offloaded " + Shown.time(facts.offloadedAtMs()) + (segment.hasAbortedTransactions() ? ", aborted transactions" : "")
                + ": " + facts.key();
    }

    private static String line(PartitionKeys keys, PageReference page) {
        return "page      " + Shown.range(page.baseOffset(), page.nextOffset()) + ", level " + page.level() + ", lists " + page.entries() + ", " + page.segmentCount() + " segment(s), " + page.logSizeBytes()
                + " log bytes, newest record " + Shown.time(page.maxTimestampMs()) + (page.hasAbortedTransactions() ? ", aborted transactions" : "") + ": " + key(keys, page);
    }

    private static String line(PartitionKeys keys, PendingDeletion deletion) {
        return "deletion  dropped " + Shown.time(deletion.droppedAtMs()) + ": " + keys.segment(deletion.name());
    }

    private static String line(PartitionKeys keys, PendingPage deletion) {
        boolean alone = deletion.goesBelow() == deletion.page().baseOffset();
        return "deletion  dropped " + Shown.time(deletion.droppedAtMs()) + (alone ? "" : ", with its segments below " + deletion.goesBelow()) + ": " + key(keys, deletion.page());
    }

    private static String key(PartitionKeys keys, PageReference page) {
        return keys.page(page.baseOffset(), page.level(), page.nonce());
    }
}
