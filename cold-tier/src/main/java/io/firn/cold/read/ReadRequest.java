package io.firn.cold.read;

import java.util.concurrent.Executor;

/**
 * What is to be read; see {@link io.firn.cold.ColdLog#read}.
 *
 * @param segments where; the offset has to be in it
 * @param limitOffset exclusive
 * @param goesOn whether who asks will go on where this read ends, so that it is read ahead for
 * @param completion where the answer is handed over
 */
public record ReadRequest(LiveSegments segments, long offset, int maxBytes, long limitOffset, boolean minOneBatch, boolean goesOn, Executor completion) {

    public ReadRequest {
        if (offset < 0 || maxBytes < 0) {
            throw new IllegalArgumentException("Read of " + maxBytes + " bytes at offset " + offset);
        }
    }
}
