package io.firn.cold.bucket;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdRecord;
import io.firn.cold.ColdStoreException;
import io.firn.cold.SegmentDetail;
import io.firn.cold.read.BatchRecords;
import io.firn.cold.read.OpenTransactions;
import io.firn.cold.segment.BatchHeader;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.SegmentFacts;
import io.firn.cold.segment.SegmentFooter;
import io.firn.cold.segment.SegmentIndexes;
import io.firn.cold.segment.SegmentSection;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * What a segment object says, as lines for people; checks what it shows, and goes on as far as it can behind damage, which it tells as lines that begin with {@code DAMAGED}.
 *
 * <p>A file whose name ends in {@value #PLAIN_LOG} and that has no footer is taken for a segment of a broker's disk: a log and nothing else.
 *
 * <p>Memory: the tail of the object, a window of {@value #WINDOW_BYTES} bytes, and one batch where records are shown. For one thread, which it blocks.
 */
public final class SegmentDump {

    private static final String PLAIN_LOG = ".log";
    private static final int WINDOW_BYTES = 1 << 20;
    /** Largest batch that is unpacked; Kafka's clients refuse far smaller ones. */
    private static final int UNPACK_LIMIT_BYTES = 128 << 20;
    private static final String[] CODECS = {"uncompressed", "gzip", "snappy", "lz4", "zstd"};
    private static final int BASE_TIMESTAMP_AT = 27;
    private static final int PRODUCER_ID_AT = 43;
    private static final int PRODUCER_EPOCH_AT = 51;
    private static final int BASE_SEQUENCE_AT = 53;

    private final SegmentBytes segment;
    private final SegmentDetail detail;
    private final Consumer<String> out;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowAt;
    private int problems;

    private SegmentDump(SegmentBytes segment, SegmentDetail detail, Consumer<String> out) {
        this.segment = segment;
        this.detail = detail;
        this.out = out;
    }

    /** Returns how many problems were found. Fails with {@link ColdStoreException} when the bytes cannot be read. */
    public static int run(SegmentBytes segment, SegmentDetail detail, Consumer<String> out) {
        SegmentDump dump = new SegmentDump(segment, detail, out);
        dump.all();
        return dump.problems;
    }

    private void all() {
        out.accept("segment   " + segment.name() + ", " + segment.sizeBytes() + " bytes");
        Optional<SegmentFooter> footer = footer();
        if (footer.isPresent()) {
            sections(footer.get());
            if (detail != SegmentDetail.SECTIONS) {
                SegmentFacts facts = footer.get().facts();
                batches(Math.min(facts.logSizeBytes(), segment.sizeBytes()), facts.baseOffset(), facts.nextOffset());
            }
        } else if (segment.name().endsWith(PLAIN_LOG)) {
            out.accept("footer    none: a log and nothing else");
            batches(segment.sizeBytes(), 0, Long.MAX_VALUE);
        }
    }

    private void damaged(String what) {
        problems++;
        out.accept("DAMAGED   " + what);
    }

    private Optional<SegmentFooter> footer() {
        if (segment.sizeBytes() < SegmentFooter.BYTES) {
            noFooter("too short to have a footer");
            return Optional.empty();
        }
        try {
            SegmentFooter footer = SegmentFooter.decode(bytes(segment.sizeBytes() - SegmentFooter.BYTES, SegmentFooter.BYTES));
            SegmentFacts facts = footer.facts();
            out.accept("footer    version 1, topic id " + facts.topicId() + ", partition " + facts.partition() + ", leader epoch " + facts.leaderEpoch() + ", offsets "
                    + Shown.range(facts.baseOffset(), facts.nextOffset()) + ", newest record " + Shown.time(facts.maxTimestampMs()) + ", log of " + facts.logSizeBytes() + " bytes in " + facts.chunkCount()
                    + " chunk(s) of " + facts.chunkBytes());
            return Optional.of(footer);
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured e) {
            noFooter(e.getMessage());
            return Optional.empty();
        }
    }

    private void noFooter(String why) {
        if (!segment.name().endsWith(PLAIN_LOG)) {
            damaged("footer: " + why);
        }
    }

    private void sections(SegmentFooter footer) {
        footer.sections().forEach(this::section);
        long logSize = footer.facts().logSizeBytes();
        long tailSize = segment.sizeBytes() - logSize;
        if (tailSize < SegmentFooter.BYTES || tailSize > Integer.MAX_VALUE) {
            damaged("sections: the footer's log of " + logSize + " bytes does not fit an object of " + segment.sizeBytes() + " bytes");
            return;
        }
        try {
            SegmentIndexes indexes = SegmentIndexes.parse(bytes(logSize, (int) tailSize));
            indexes.leaderEpochs().strip().lines().skip(2).forEach(epoch -> out.accept("epoch     " + epoch.replaceFirst(" ", " from offset ")));
            for (ColdAbortedTransaction aborted : indexes.abortedTransactions()) {
                out.accept("aborted   producer " + aborted.producerId() + ", offsets " + aborted.firstOffset() + " to " + aborted.lastOffset() + ", last stable offset " + aborted.lastStableOffset());
            }
            OpenTransactions.earliest(indexes.producerSnapshot()).ifPresent(first -> out.accept("open      a transaction at offset " + first + " has no end in this segment or before"));
            if (detail != SegmentDetail.SECTIONS) {
                chunks(indexes);
            }
        } catch (ColdStoreException.Corrupt e) {
            damaged("sections: " + e.getMessage());
        }
    }

    private void section(SegmentSection section, SegmentFooter.Range range) {
        String line = String.format(Locale.ROOT, "%s at %d, %d bytes", section.name().toLowerCase(Locale.ROOT).replace('_', ' '), range.position(), range.length());
        boolean inside = range.position() >= 0 && range.length() >= 0 && range.length() <= segment.sizeBytes() - range.position() && range.length() <= Integer.MAX_VALUE;
        if (!inside) {
            damaged("section " + line + ", which is not within the object");
        } else if (Checksums.crc32c(bytes(range.position(), (int) range.length())) != range.crc32c()) {
            damaged("section " + line + " fails its checksum");
        } else {
            out.accept("section   " + line + ", checksum right");
        }
    }

    private void chunks(SegmentIndexes indexes) {
        int[] checksums = indexes.checksums();
        long logSize = indexes.facts().logSizeBytes();
        int chunkBytes = indexes.facts().chunkBytes();
        for (int i = 0; i < checksums.length; i++) {
            long from = (long) i * chunkBytes;
            if (crc(from, Math.min(logSize, from + chunkBytes)) != checksums[i]) {
                damaged("chunk " + i + ", bytes " + Shown.range(from, Math.min(logSize, from + chunkBytes)) + " of the log, fails its checksum");
            }
        }
    }

    private void batches(long logSize, long baseOffset, long endOffset) {
        long next = baseOffset;
        for (long position = 0; position < logSize; ) {
            if (logSize - position < BatchHeader.BYTES) {
                damaged("the log ends within a batch header at " + position);
                return;
            }
            ByteBuffer header = bytes(position, BatchHeader.BYTES);
            try {
                BatchHeader.requireMagic(header.get(BatchHeader.MAGIC_AT));
                int size = BatchHeader.sizeBytes(header.getInt(BatchHeader.LENGTH_AT));
                long after = BatchHeader.nextOffset(header.getLong(0), header.getInt(BatchHeader.LAST_OFFSET_DELTA_AT));
                if (size > logSize - position) {
                    damaged("the log ends within the batch of " + size + " bytes at " + position);
                    return;
                }
                batch(position, size, header, after);
                if (header.getLong(0) < next || after > endOffset) {
                    damaged("offsets " + Shown.range(header.getLong(0), after) + " after " + next + " in a log that ends at " + endOffset);
                }
                next = after;
                position += size;
            } catch (ColdStoreException.Corrupt e) {
                damaged("batch at " + position + ": " + e.getMessage());
                return;
            }
        }
    }

    private void batch(long position, int size, ByteBuffer header, long next) {
        int attributes = header.getShort(BatchHeader.ATTRIBUTES_AT);
        long producerId = header.getLong(PRODUCER_ID_AT);
        boolean right = crc(position + BatchHeader.ATTRIBUTES_AT, position + size) == header.getInt(BatchHeader.CRC_AT);
        boolean control = (attributes & 32) != 0;
        out.accept("batch     at " + position + ", " + size + " bytes: offsets " + Shown.range(header.getLong(0), next) + ", " + header.getInt(BatchHeader.RECORD_COUNT_AT) + " record(s), "
                + Shown.time(header.getLong(BASE_TIMESTAMP_AT)) + " to " + Shown.time(header.getLong(BatchHeader.MAX_TIMESTAMP_AT)) + ((attributes & 8) != 0 ? " (of the append)" : "") + ", leader epoch "
                + header.getInt(BatchHeader.LEADER_EPOCH_AT) + (producerId < 0 ? "" : ", producer " + producerId + " epoch " + header.getShort(PRODUCER_EPOCH_AT) + " sequence " + header.getInt(BASE_SEQUENCE_AT))
                + ", " + codec(attributes & 7) + ((attributes & 16) != 0 ? ", transactional" : "") + (control ? ", control" : ""));
        if (!right) {
            damaged("batch at " + position + " fails its checksum");
        } else if (detail == SegmentDetail.RECORDS && !control) {
            records(position, size);
        }
    }

    private static String codec(int number) {
        return number < CODECS.length ? CODECS[number] : "codec " + number;
    }

    private void records(long position, int size) {
        if (size > UNPACK_LIMIT_BYTES) {
            out.accept("record    not shown: the batch is larger than " + UNPACK_LIMIT_BYTES + " bytes");
            return;
        }
        ByteBuffer batch = ByteBuffer.allocate(size);
        segment.read(position, batch);
        BatchRecords.each(batch.flip(), 0, Long.MAX_VALUE, List.of(), record -> out.accept(line(record)));
    }

    private static String line(ColdRecord record) {
        StringBuilder line = new StringBuilder("record    offset ").append(record.offset()).append(", ").append(Shown.time(record.timestampMs()));
        line.append(", key ").append(record.key().map(Shown::bytes).orElse("null"));
        line.append(", value ").append(record.value().map(value -> value.remaining() + " bytes " + Shown.bytes(value)).orElse("null"));
        record.headers().forEach(header -> line.append(", header ").append(header.name()).append('=').append(header.value().map(Shown::bytes).orElse("null")));
        return line.toString();
    }

    /** A copy; small ones come out of a window that moves on. */
    private ByteBuffer bytes(long position, int length) {
        if (length > WINDOW_BYTES) {
            ByteBuffer all = ByteBuffer.allocate(length);
            segment.read(position, all);
            return all.flip();
        }
        if (position < windowAt || position + length > windowAt + window.limit()) {
            window = ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, segment.sizeBytes() - position));
            windowAt = position;
            segment.read(position, window);
            window.flip();
        }
        return window.slice((int) (position - windowAt), length);
    }

    private int crc(long from, long to) {
        CRC32C crc = new CRC32C();
        for (long at = from; at < to; ) {
            int length = (int) Math.min(WINDOW_BYTES / 2, to - at);
            crc.update(bytes(at, length));
            at += length;
        }
        return (int) crc.getValue();
    }
}
