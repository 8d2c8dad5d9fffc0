package io.firn.gateway.api;

import io.firn.cold.ColdRead;
import io.firn.hot.FileRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/** The records of one partition in a fetch response, not copied: the wire sends them from where they are. */
public sealed interface SentRecords extends BaseRecords {

    /** Out of a local segment, with sendfile. */
    record Hot(FileRange range) implements SentRecords {
        @Override
        public int sizeInBytes() {
            return range.sizeBytes();
        }

        @Override
        public SentRecords part(int position, int sizeBytes) {
            if (position == 0 && sizeBytes == sizeInBytes()) {
                return this;
            }
            FileRange slice = range.slice(position, sizeBytes);
            range.release();
            return new Hot(slice);
        }

        @Override
        public void release() {
            range.release();
        }
    }

    /** Out of the cold tier's chunk cache: {@code sizeInBytes} bytes from {@code position} on. */
    record Cold(ColdRead read, int position, int sizeInBytes) implements SentRecords {

        public Cold(ColdRead read) {
            this(read, 0, read.sizeBytes());
        }

        /** Views of the bytes, in order. */
        public List<ByteBuffer> buffers() {
            List<ByteBuffer> views = new ArrayList<>();
            int skip = position;
            int left = sizeInBytes;
            for (ByteBuffer buffer : read.buffers()) {
                int from = Math.min(skip, buffer.remaining());
                int count = Math.min(left, buffer.remaining() - from);
                if (count > 0) {
                    views.add(buffer.slice(buffer.position() + from, count));
                }
                skip -= from;
                left -= count;
            }
            return views;
        }

        @Override
        public SentRecords part(int start, int sizeBytes) {
            if (start < 0 || sizeBytes < 1 || start > sizeInBytes - sizeBytes) {
                throw new IndexOutOfBoundsException("part " + start + " + " + sizeBytes + " of " + sizeInBytes + " bytes");
            }
            return new Cold(read, position + start, sizeBytes);
        }

        @Override
        public void release() {
            read.release();
        }
    }

    /** A part of these records, which takes their place: the receiver releases the part instead. */
    SentRecords part(int position, int sizeBytes);

    /** Gives back the file or chunk references; exactly once. */
    void release();

    /** Kafka's own network layer is not used. */
    @Override
    default RecordsSend<? extends BaseRecords> toSend() {
        throw new IllegalStateException("sent by gateway.wire");
    }
}
