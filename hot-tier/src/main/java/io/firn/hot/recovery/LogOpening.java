package io.firn.hot.recovery;

import io.firn.hot.CorruptStateException;
import io.firn.hot.DiskFile;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.PartitionMetadata;
import io.firn.hot.segment.PendingStart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import io.firn.hot.segment.SegmentSwap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * Opens a partition's directory, creating it first if need be.
 *
 * <p><i>On crash</i> while creating: metadata is written first, then the checkpoint, then the first segment. A directory without segments
 * and checkpoint never held a record, and its creation is done again.
 *
 * <p>Threading: stateless; blocks.
 */
public final class LogOpening {

    private static final PartitionCheckpoint NEW = new PartitionCheckpoint(0, 0, 0, 0);

    private LogOpening() {}

    /** Which topic the directory belongs to; empty when it has no readable metadata. */
    public static Optional<Uuid> topicId(LogDirectory directory) throws IOException {
        try {
            return Optional.of(PartitionMetadata.fromBytes(directory.read(LogDirectory.METADATA)).topicId());
        } catch (NoSuchFileException | CorruptStateException e) {
            return Optional.empty();
        }
    }

    /** @throws CorruptLogException when the directory belongs to another topic or its committed bytes are damaged */
    public static RecoveredLog openOrCreate(LogDirectory directory, Uuid topicId, RecoverySettings settings, ByteBuffer buffer) throws IOException {
        directory.disk().createDirectories(directory.path());
        boolean blank = !directory.exists(LogDirectory.CHECKPOINT) && directory.offsets(LogDirectory.LOG).isEmpty();
        if (blank) {
            directory.write(LogDirectory.METADATA, new PartitionMetadata(topicId).toBytes());
            directory.force();
            directory.disk().forceDirectory(directory.path().getParent());
            SegmentFiles.writeCheckpoint(directory, NEW);
        }
        Optional<Uuid> owner = topicId(directory);
        if (!owner.equals(Optional.of(topicId))) {
            throw new CorruptLogException("the directory belongs to topic id " + owner.map(Uuid::toString).orElse("unknown") + ", not " + topicId);
        }
        PendingStart.finishPending(directory);
        SegmentSwap.finishPending(directory);
        directory.removeLeftovers();
        return LogRecovery.recover(directory, settings, buffer);
    }

    /** What stands in for a log that could not be recovered: no record, no file. */
    public static RecoveredLog nothing(LogDirectory directory, RecoverySettings settings) {
        SegmentFile file = new SegmentFile(directory, 0, new NoFile(), settings.io());
        ActiveSegment active = new ActiveSegment(file, new SegmentIndexes(0), 0);
        return new RecoveredLog(List.of(), active, ProducerStates.empty(settings.producerLimits()), LeaderEpochs.EMPTY, NEW, 0);
    }

    /** A file nobody may use. */
    private static final class NoFile implements DiskFile {

        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void append(ByteBuffer... buffers) throws IOException {
            throw refusal();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            throw refusal();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
            throw refusal();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            throw refusal();
        }

        @Override
        public void force() throws IOException {
            throw refusal();
        }

        @Override
        public void close() {
            // There is nothing to close.
        }

        private static IOException refusal() {
            return new IOException("the log could not be opened");
        }
    }
}
