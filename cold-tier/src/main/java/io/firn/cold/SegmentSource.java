package io.firn.cold;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A sealed segment to be offloaded, as the caller has it: with its indexes. Reads are made on the cold tier's upload threads. */
public interface SegmentSource extends SegmentRecords {
    ByteBuffer offsetIndex() throws IOException;

    ByteBuffer timeIndex() throws IOException;

    /** Empty when the segment has no aborted transactions. */
    ByteBuffer transactionIndex() throws IOException;
}
