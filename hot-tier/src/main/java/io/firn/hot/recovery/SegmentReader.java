package io.firn.hot.recovery;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.CorruptStateException;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens single segments below the recovery point: their index files are believed when they agree with the log file, and rebuilt from it when they
 * do not. What the log file itself lacks or contradicts is corruption.
 *
 * <p>Threading: confined to the recovering thread.
 */
final class SegmentReader {

    private static final Logger LOG = LoggerFactory.getLogger(SegmentReader.class);
    private static final long NO_TIMESTAMP = -1;

    private final LogDirectory directory;
    private final RecoverySettings settings;
    private final ByteBuffer buffer;

    SegmentReader(LogDirectory directory, RecoverySettings settings, ByteBuffer buffer) {
        this.directory = directory;
        this.settings = settings;
        this.buffer = buffer;
    }

    SegmentFile open(long baseOffset) throws IOException {
        return new SegmentFile(directory, baseOffset, directory.disk().open(directory.file(baseOffset, LogDirectory.LOG)), settings.io());
    }

    /** A segment wholly below the recovery point, which must end where the next begins. */
    SealedPart sealed(long baseOffset, long nextOffset) throws IOException {
        SegmentFile file = open(baseOffset);
        try {
            int sizeBytes = size(file);
            Optional<SegmentIndexes> read = agreeing(file, sizeBytes, nextOffset);
            SegmentIndexes indexes = read.isPresent() ? read.get() : rebuild(file, sizeBytes, nextOffset);
            if (read.isEmpty()) {
                indexes.seal();
                SegmentFiles.writeIndexes(directory, baseOffset, indexes);
                directory.force();
            }
            return SealedPart.settled(file, indexes.offsets(), sizeBytes, nextOffset, indexes.maxTimestampMs(), indexes.offsetOfMaxTimestamp(),
                    modifiedMs(baseOffset), !indexes.transactions().isEmpty());
        } catch (IOException e) {
            file.release();
            throw e;
        }
    }

    /** The segment that holds the recovery point, as far as it lies below it: {@code sizeBytes} that end at {@code nextOffset}. */
    ActiveSegment below(SegmentFile file, int sizeBytes, long nextOffset) throws IOException {
        if (size(file) < sizeBytes) {
            throw new CorruptLogException("segment " + file.baseOffset() + " has " + size(file) + " bytes, " + sizeBytes + " were forced");
        }
        Optional<SegmentIndexes> read = sizeBytes == 0 ? Optional.of(new SegmentIndexes(file.baseOffset())) : agreeing(file, sizeBytes, nextOffset);
        SegmentIndexes indexes = read.isPresent() ? read.get() : rebuild(file, sizeBytes, nextOffset);
        ActiveSegment segment = new ActiveSegment(file, indexes, settings.jitterMs());
        segment.resume(sizeBytes, nextOffset, firstTimestampMs(file, sizeBytes), modifiedMs(file.baseOffset()));
        return segment;
    }

    static int size(SegmentFile file) throws IOException {
        long size = file.log().sizeBytes();
        if (size > Integer.MAX_VALUE) {
            throw new CorruptLogException("segment " + file.baseOffset() + " has " + size + " bytes");
        }
        return (int) size;
    }

    /**
     * The index files, if they are there, obey their formats, and the batches from the last entry on end where they must. Files that tell of more than
     * that were written just before a crash, which the recovery point did not live to see: that part is scanned again, and must not be noted twice.
     */
    private Optional<SegmentIndexes> agreeing(SegmentFile file, int sizeBytes, long nextOffset) throws IOException {
        Optional<SegmentIndexes> read = SegmentFiles.readIndexes(directory, file.baseOffset());
        if (read.isPresent()) {
            SegmentIndexes indexes = read.get();
            int last = indexes.offsets().entries() - 1;
            int from = last < 0 ? 0 : indexes.offsets().position(last);
            if (from < sizeBytes && indexes.endAtOrBelow(nextOffset) && endOf(BatchScan.headers(file.log(), from, sizeBytes, buffer)) == nextOffset) {
                return read;
            }
        }
        LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("baseOffset", file.baseOffset()).addKeyValue("present", read.isPresent())
                .log("index files are missing or do not agree with the log; rebuilding them");
        return Optional.empty();
    }

    /** Offset after the last batch; -1 when a batch is not sound or there is none. */
    private static long endOf(BatchScan scan) throws IOException {
        long end = -1;
        while (scan.next()) {
            end = scan.batch().nextOffset();
        }
        return scan.problem().isEmpty() ? end : -1;
    }

    private SegmentIndexes rebuild(SegmentFile file, int sizeBytes, long nextOffset) throws IOException {
        long baseOffset = file.baseOffset();
        Replay replay = new Replay(snapshotAt(baseOffset).orElseGet(() -> ProducerStates.empty(settings.producerLimits())), LeaderEpochs.EMPTY, baseOffset,
                settings);
        SegmentIndexes indexes = new SegmentIndexes(baseOffset);
        BatchScan scan = BatchScan.full(file.log(), 0, sizeBytes, buffer);
        while (scan.next()) {
            String objection = replay.objection(scan.batch());
            if (!objection.isEmpty()) {
                throw corrupt(baseOffset, scan.position(), objection);
            }
            indexes.onBatch(scan.batch().lastOffset(), scan.batch().maxTimestamp(), (int) scan.position(), scan.batch().sizeInBytes(),
                    settings.config().indexIntervalBytes());
            Optional<AbortedTransaction> aborted = replay.take(scan.batch());
            aborted.ifPresent(indexes::onAborted);
        }
        if (!scan.problem().isEmpty()) {
            throw corrupt(baseOffset, scan.position(), scan.problem());
        }
        if (replay.nextOffset() != nextOffset) {
            throw new CorruptLogException("segment " + baseOffset + " ends at offset " + replay.nextOffset() + ", the recovery point says " + nextOffset);
        }
        return indexes;
    }

    private static CorruptLogException corrupt(long baseOffset, long position, String problem) {
        return new CorruptLogException("segment " + baseOffset + " is damaged below the recovery point, at position " + position + ": " + problem);
    }

    /** The producer state written at exactly this offset, if it is there and undamaged. */
    Optional<ProducerStates> snapshotAt(long offset) throws IOException {
        try {
            ByteBuffer bytes = directory.read(LogDirectory.fileName(offset, LogDirectory.SNAPSHOT));
            return Optional.of(ProducerStates.fromSnapshot(bytes, settings.producerLimits(), settings.nowMs()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (CorruptStateException e) {
            LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("offset", offset).addKeyValue("reason", e.getMessage())
                    .log("producer snapshot is damaged; taking an older one");
            return Optional.empty();
        }
    }

    private long firstTimestampMs(SegmentFile file, int sizeBytes) throws IOException {
        BatchScan first = BatchScan.headers(file.log(), 0, sizeBytes, buffer);
        return first.next() ? first.batch().maxTimestamp() : NO_TIMESTAMP;
    }

    private long modifiedMs(long baseOffset) throws IOException {
        return directory.disk().lastModifiedMs(directory.file(baseOffset, LogDirectory.LOG));
    }
}
