package io.firn.cold;

import io.firn.cold.bucket.NewestManifest;

/** That a leader was the writer of a partition at a moment, and what counted then: {@link ColdLog#prove}. Immutable. */
public final class ColdProof {

    private final NewestManifest committed;
    private final int writerEpoch;

    ColdProof(NewestManifest committed, int writerEpoch) {
        this.committed = committed;
        this.writerEpoch = writerEpoch;
    }

    NewestManifest committed() {
        return committed;
    }

    int writerEpoch() {
        return writerEpoch;
    }
}
