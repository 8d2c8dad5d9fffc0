package io.firn.gateway.share;

/** A record batch of the log: offsets from {@code first} to before {@code end}; not all of them need to have a record. */
record LogBatch(long first, long end) {

    LogBatch {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException("no batch: " + first + " to " + end);
        }
    }
}
