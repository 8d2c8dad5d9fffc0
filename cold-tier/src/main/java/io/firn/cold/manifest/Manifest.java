package io.firn.cold.manifest;

import java.util.Objects;
import org.apache.kafka.common.Uuid;

/**
 * One numbered, immutable statement about a partition; the one with the greatest number counts.
 *
 * @param number 1 and rising by one; 0 stands for "none was ever written" and is never stored
 * @param predecessorCrc checksum of the manifest with the number below, 0 for the first: chains the history
 * @param writerEpoch leader epoch of its writer; never falls along the chain
 * @param writerId drawn anew whenever a log is opened, so that no two writers ever write the same bytes
 * @param writtenAtMs writer's clock
 */
public record Manifest(Uuid topicId, int partition, long number, int predecessorCrc, int writerEpoch, long writerId, long writtenAtMs,
        ManifestContent content) {

    public Manifest {
        Objects.requireNonNull(topicId, "topicId");
        Objects.requireNonNull(content, "content");
    }

    static Manifest none(Uuid topicId, int partition) {
        return new Manifest(topicId, partition, 0, 0, -1, 0, 0, ManifestContent.EMPTY);
    }
}
