package io.firn.retention;

/**
 * What the free space of the disk asks for. Immutable; {@link #next} is pure.
 *
 * <pre>
 *  free bytes:   0 ........ watermark .... 1.25 watermark ........ 2 watermark ........
 *  produce:        refused |  as before (hysteresis) |  accepted
 *  local copies:   segments committed to the cold tier go early   |  only local retention
 * </pre>
 *
 * <p>Early deletion asks for no more than is missing to twice the watermark, and asks again only when what it asked for
 * had {@link #SETTLE_MS} to show in the free space. A watermark of 0 turns all of it off.
 *
 * @param rejectsProduce whether produce is refused
 * @param wantedBytes bytes that early deletion shall free now
 * @param askedAtMs when bytes were last wanted
 */
record DiskPressure(boolean rejectsProduce, long wantedBytes, long askedAtMs) {

    /** The disk's free space is looked up at most once a second, and files are deleted in the background. */
    static final long SETTLE_MS = 3_000;

    static final DiskPressure NONE = new DiskPressure(false, 0, Long.MIN_VALUE / 2);

    DiskPressure next(long usableBytes, long watermarkBytes, long nowMs) {
        boolean rejects = usableBytes < watermarkBytes || rejectsProduce && usableBytes < watermarkBytes + watermarkBytes / 4;
        long missing = watermarkBytes == 0 ? 0 : Math.max(0, 2 * watermarkBytes - usableBytes);
        boolean ask = missing > 0 && nowMs - askedAtMs >= SETTLE_MS;
        return new DiskPressure(rejects, ask ? missing : 0, ask ? nowMs : askedAtMs);
    }
}
