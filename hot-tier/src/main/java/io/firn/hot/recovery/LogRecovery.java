package io.firn.hot.recovery;

import io.firn.hot.CorruptStateException;
import io.firn.hot.DiskFullException;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens one log directory.
 *
 * <p>Order: segments below the recovery point are opened and compared with their indexes; from the
 * recovery point on every batch is checked, and the log is cut at the first that is not sound (later segments are deleted: what they hold was
 * never durable, because files are forced in order); then what was scanned is forced and the recovery point set to the end.
 *
 * <p><i>Invariants</i>: nothing below the recovery point is ever cut: where it is damaged, {@link CorruptLogException} is thrown and the files stay as they are.
 * A record below the durable offset of the process before lies in the sound prefix.
 *
 * <p><i>On crash</i> in the middle: it starts again and comes to the same result; the checkpoint moves last.
 *
 * <p>Threading: confined to one thread; blocks.
 */
public final class LogRecovery {

    private static final Logger LOG = LoggerFactory.getLogger(LogRecovery.class);

    private final LogDirectory directory;
    private final ByteBuffer buffer;
    private RecoverySettings settings;
    private SegmentReader reader;
    private final List<SegmentFile> files = new ArrayList<>();
    private final List<SealedPart> sealed = new ArrayList<>();
    private final List<SealedPart> scanned = new ArrayList<>();
    private long cutBytes;
    private boolean changed;

    private LogRecovery(LogDirectory directory, RecoverySettings settings, ByteBuffer buffer) {
        this.directory = directory;
        this.settings = settings;
        this.buffer = buffer;
    }

    /**
     * @param buffer of a few KiB or more, for scans
     * @throws CorruptLogException when bytes below the recovery point are missing or damaged
     */
    public static RecoveredLog recover(LogDirectory directory, RecoverySettings settings, ByteBuffer buffer) throws IOException {
        LogRecovery recovery = new LogRecovery(directory, settings, buffer);
        boolean done = false;
        try {
            RecoveredLog recovered = recovery.run();
            done = true;
            return recovered;
        } finally {
            if (!done) {
                recovery.files.forEach(SegmentFile::release);
            }
        }
    }

    private RecoveredLog run() throws IOException {
        PartitionCheckpoint checkpoint = checkpoint();
        settings = settings.withGapsBelow(checkpoint.gapsBelow());
        reader = new SegmentReader(directory, settings, buffer);
        List<Long> bases = localSegments(checkpoint);
        if (bases.isEmpty()) {
            bases = List.of(createFirst(checkpoint));
        }
        int first = recoverySegment(checkpoint, bases);
        for (int i = 0; i < first; i++) {
            SealedPart part = reader.sealed(bases.get(i), bases.get(i + 1));
            sealed.add(part);
            files.add(part.file());
        }
        SegmentFile file = open(bases.get(first));
        ActiveSegment active = reader.below(file, checkpoint.recoveryPosition(), checkpoint.recoveryPoint());
        Replay replay = new Replay(producersAt(checkpoint), epochsAt(checkpoint), checkpoint.recoveryPoint(), settings);
        active = scan(active, replay, bases.subList(first + 1, bases.size()));
        if (replay.nextOffset() < checkpoint.logStartOffset()) {
            return startAnew(checkpoint, replay);
        }
        if (changed) {
            checkpoint = settle(active, replay, checkpoint);
        }
        dropForeignSnapshots(active, checkpoint.recoveryPoint(), replay.nextOffset());
        sealed.addAll(scanned);
        return new RecoveredLog(sealed, active, replay.producers(), replay.epochs(), checkpoint, cutBytes);
    }

    /**
     * All local records lie below the log start: records were deleted up to an end that was not durable and is lost. The log goes on
     * at its start, so that no offset is given twice.
     */
    private RecoveredLog startAnew(PartitionCheckpoint before, Replay replay) throws IOException {
        long start = before.logStartOffset();
        LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("endOffset", replay.nextOffset()).addKeyValue("logStartOffset", start)
                .log("the log ends below its start; it goes on empty from its start");
        PartitionCheckpoint after = new PartitionCheckpoint(start, 0, start, start);
        SegmentFiles.writeCheckpoint(directory, after);
        files.forEach(SegmentFile::release);
        files.clear();
        for (long base : directory.offsets(LogDirectory.LOG)) {
            SegmentFiles.delete(directory, base);
        }
        SegmentFiles.writeSnapshot(directory, start, replay.producers().snapshot());
        SegmentFiles.keepSnapshots(directory, Set.of(start));
        SegmentFiles.writeEpochs(directory, replay.epochs());
        SegmentFile file = open(createFirst(after));
        return new RecoveredLog(List.of(), reader.below(file, 0, start), replay.producers(), replay.epochs(), after, cutBytes);
    }

    /** A file of the log, let go if recovery fails. */
    private SegmentFile open(long baseOffset) throws IOException {
        SegmentFile file = reader.open(baseOffset);
        files.add(file);
        return file;
    }

    private PartitionCheckpoint checkpoint() throws IOException {
        try {
            return PartitionCheckpoint.fromBytes(directory.read(LogDirectory.CHECKPOINT));
        } catch (NoSuchFileException | CorruptStateException e) {
            throw new CorruptLogException("the recovery point is unknown: " + e.getMessage(), e);
        }
    }

    /** Base offsets of the segments that belong to the log; older ones are deleted, and all of them where the log begins anew. */
    private List<Long> localSegments(PartitionCheckpoint checkpoint) throws IOException {
        List<Long> bases = new ArrayList<>();
        for (long base : directory.offsets(LogDirectory.LOG)) {
            if (base < checkpoint.localStartOffset()) {
                SegmentFiles.delete(directory, base);
            } else {
                bases.add(base);
            }
        }
        SegmentFiles.deleteOrphans(directory, bases);
        boolean begins = !bases.isEmpty() && bases.get(0) == checkpoint.localStartOffset();
        if (begins) {
            return bases;
        }
        if (checkpoint.recoveryPoint() > checkpoint.localStartOffset()) {
            throw new CorruptLogException("segment " + checkpoint.localStartOffset() + " is missing, the first one present is " + bases);
        }
        drop(bases, "the log begins at offset " + checkpoint.localStartOffset());
        return List.of();
    }

    private long createFirst(PartitionCheckpoint checkpoint) throws IOException {
        directory.disk().create(directory.file(checkpoint.localStartOffset(), LogDirectory.LOG)).close();
        directory.force();
        return checkpoint.localStartOffset();
    }

    /**
     * Index of the segment to scan first: the one that begins at the recovery point, or holds bytes below it. (A segment may begin at a recovery
     * point that still names the end of the one before: its roll was not settled.)
     */
    private static int recoverySegment(PartitionCheckpoint checkpoint, List<Long> bases) throws CorruptLogException {
        long recoveryPoint = checkpoint.recoveryPoint();
        int found = segmentOf(checkpoint.recoveryPosition() > 0 ? recoveryPoint - 1 : recoveryPoint, bases);
        if (checkpoint.recoveryPosition() == 0 && bases.get(found) != recoveryPoint) {
            throw new CorruptLogException("segment " + recoveryPoint + ", which begins at the recovery point, is missing; present are " + bases);
        }
        return found;
    }

    /** Index of the last segment that begins at or below {@code offset}. */
    private static int segmentOf(long offset, List<Long> bases) {
        int found = 0;
        while (found + 1 < bases.size() && bases.get(found + 1) <= offset) {
            found++;
        }
        return found;
    }

    private ActiveSegment scan(ActiveSegment first, Replay replay, List<Long> later) throws IOException {
        ActiveSegment active = first;
        int next = 0;
        while (scanToEnd(active, replay) && next < later.size() && later.get(next) == replay.nextOffset()) {
            changed = true;
            scanned.add(active.seal().settle());
            sealSnapshot(active, replay);
            active = new ActiveSegment(open(later.get(next++)), new SegmentIndexes(replay.nextOffset()), settings.jitterMs());
        }
        if (next < later.size()) {
            drop(later.subList(next, later.size()), "the log ends at offset " + replay.nextOffset());
        }
        return active;
    }

    /** Takes in all sound batches behind those known; false when it had to cut. */
    private boolean scanToEnd(ActiveSegment segment, Replay replay) throws IOException {
        int size = SegmentReader.size(segment.file());
        BatchScan scan = BatchScan.full(segment.file().log(), segment.sizeBytes(), size, buffer);
        String objection = "";
        while (objection.isEmpty() && scan.next()) {
            changed = true;
            objection = replay.objection(scan.batch());
            if (objection.isEmpty()) {
                take(scan.batch(), segment, replay);
            }
        }
        String problem = scan.problem() + objection;
        if (!problem.isEmpty()) {
            cut(segment, replay.nextOffset(), size, problem);
        }
        return problem.isEmpty();
    }

    private void take(BatchHeader batch, ActiveSegment segment, Replay replay) {
        replay.take(batch).ifPresent(segment.indexes()::onAborted);
        segment.onBatch(batch, settings.config().indexIntervalBytes(), settings.nowMs());
    }

    private void cut(ActiveSegment segment, long fromOffset, int size, String reason) throws IOException {
        int bytes = size - segment.sizeBytes();
        segment.file().log().truncate(segment.sizeBytes());
        cutBytes += bytes;
        changed = true;
        LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("fromOffset", fromOffset).addKeyValue("bytes", bytes)
                .addKeyValue("segment", segment.baseOffset()).addKeyValue("reason", reason).log("cut off a tail that is not sound");
    }

    private void drop(List<Long> bases, String reason) throws IOException {
        for (long base : bases) {
            SegmentFile file = reader.open(base);
            long bytes = file.log().sizeBytes();
            file.release();
            cutBytes += bytes;
            changed = true;
            LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("segment", base).addKeyValue("bytes", bytes).addKeyValue("reason", reason)
                    .log("deleted a segment that does not follow the sound ones");
            SegmentFiles.delete(directory, base);
        }
    }

    private void sealSnapshot(ActiveSegment segment, Replay replay) throws IOException {
        segment.file().force();
        SegmentFiles.writeIndexes(directory, segment.baseOffset(), segment.indexes());
        SegmentFiles.writeSnapshot(directory, replay.nextOffset(), replay.producers().snapshot());
    }

    /** Makes what was found durable, and the recovery point its end. */
    private PartitionCheckpoint settle(ActiveSegment active, Replay replay, PartitionCheckpoint before) throws IOException {
        active.indexes().seal();
        try {
            return write(active, replay, before);
        } catch (DiskFullException e) {
            if (!scanned.isEmpty()) {
                throw e; // segments without recovery point behind them could not be deleted to make room
            }
            LOG.atWarn().addKeyValue("directory", directory.path()).setCause(e).log("no room to move the recovery point; the next opening scans again");
            directory.force();
            return before;
        }
    }

    private PartitionCheckpoint write(ActiveSegment active, Replay replay, PartitionCheckpoint before) throws IOException {
        sealSnapshot(active, replay);
        SegmentFiles.writeEpochs(directory, replay.epochs());
        directory.force();
        PartitionCheckpoint after = before.withRecoveryPoint(replay.nextOffset(), active.sizeBytes());
        SegmentFiles.writeCheckpoint(directory, after);
        return after;
    }

    /** Producer state at the recovery point: the newest usable snapshot below it, and the batches since. */
    private ProducerStates producersAt(PartitionCheckpoint checkpoint) throws IOException {
        long recoveryPoint = checkpoint.recoveryPoint();
        long localStart = checkpoint.localStartOffset();
        List<Long> snapshots = directory.offsets(LogDirectory.SNAPSHOT);
        for (int i = snapshots.size() - 1; i >= 0; i--) {
            long offset = snapshots.get(i);
            Optional<ProducerStates> states = offset > recoveryPoint || offset < localStart ? Optional.empty() : reader.snapshotAt(offset);
            if (states.isPresent()) {
                return replayed(states.get(), offset, recoveryPoint);
            }
        }
        return replayed(ProducerStates.empty(settings.producerLimits()), localStart, recoveryPoint);
    }

    private ProducerStates replayed(ProducerStates states, long from, long to) throws IOException {
        Replay replay = new Replay(states, LeaderEpochs.EMPTY, from, settings);
        replayLocal(replay, to);
        return replay.producers();
    }

    /** Takes the local batches from the replay's next offset up to {@code to}, all below the recovery point. */
    private void replayLocal(Replay replay, long to) throws IOException {
        List<Long> bases = directory.offsets(LogDirectory.LOG);
        for (int i = segmentOf(replay.nextOffset(), bases); i < bases.size() && bases.get(i) < to && replay.nextOffset() < to; i++) {
            replaySegment(bases.get(i), to, replay);
        }
    }

    private void replaySegment(long base, long to, Replay replay) throws IOException {
        SegmentFile file = reader.open(base);
        try {
            BatchScan scan = BatchScan.full(file.log(), 0, SegmentReader.size(file), buffer);
            String objection = "";
            while (objection.isEmpty() && replay.nextOffset() < to && scan.next()) {
                if (scan.batch().baseOffset() >= replay.nextOffset()) {
                    objection = replay.objection(scan.batch());
                    if (objection.isEmpty()) {
                        replay.take(scan.batch());
                    }
                }
            }
            String problem = scan.problem() + objection;
            if (!problem.isEmpty()) {
                throw new CorruptLogException("segment " + base + " is damaged below the recovery point, at position " + scan.position() + ": " + problem);
            }
        } finally {
            file.release();
        }
    }

    /** Leader epochs below the recovery point, from their file; from the batches when it is missing or damaged. */
    private LeaderEpochs epochsAt(PartitionCheckpoint checkpoint) throws IOException {
        if (checkpoint.recoveryPoint() == checkpoint.localStartOffset() && !directory.exists(LogDirectory.LEADER_EPOCHS)) {
            return LeaderEpochs.EMPTY;
        }
        try {
            return LeaderEpochs.fromText(directory.read(LogDirectory.LEADER_EPOCHS)).truncateFromEnd(checkpoint.recoveryPoint());
        } catch (NoSuchFileException | CorruptStateException e) {
            LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("reason", e.getMessage())
                    .log("leader epochs are missing or damaged; taking them from the batches");
            Replay replay = new Replay(ProducerStates.empty(settings.producerLimits()), LeaderEpochs.EMPTY, checkpoint.localStartOffset(), settings);
            replayLocal(replay, checkpoint.recoveryPoint());
            changed = true;
            return replay.epochs();
        }
    }

    /** Keeps the snapshots at the segments' ends, at the recovery point and at the log's end. */
    private void dropForeignSnapshots(ActiveSegment active, long recoveryPoint, long endOffset) throws IOException {
        Set<Long> keep = new HashSet<>(Arrays.asList(active.baseOffset(), recoveryPoint, endOffset));
        sealed.forEach(segment -> keep.add(segment.baseOffset()));
        scanned.forEach(segment -> keep.add(segment.baseOffset()));
        SegmentFiles.keepSnapshots(directory, keep);
    }
}
