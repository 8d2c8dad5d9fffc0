package io.firn.hot.recovery;

import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.SealedPart;
import java.util.List;

/**
 * A log as recovery found it: everything below the active segment's next offset is sound, forced, and in the state given here.
 *
 * @param cutBytes bytes above the recovery point that were not sound and were removed
 */
public record RecoveredLog(List<SealedPart> sealed, ActiveSegment active, ProducerStates producers, LeaderEpochs epochs, PartitionCheckpoint checkpoint,
        long cutBytes) {}
