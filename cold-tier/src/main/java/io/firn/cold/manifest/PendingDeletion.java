package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;

/**
 * A segment that no longer counts and whose object is to be deleted.
 *
 * @param droppedAtMs writer's clock at the commit that dropped it; the grace period runs from there
 */
public record PendingDeletion(SegmentName name, long droppedAtMs) {}
