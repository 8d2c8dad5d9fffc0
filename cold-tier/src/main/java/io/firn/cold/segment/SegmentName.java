package io.firn.cold.segment;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What makes the key of a segment object unique within its partition. The nonce is drawn for every upload, so that no key is ever written by two uploads.
 *
 * @param baseOffset offset of the first record, ≥ 0
 * @param leaderEpoch epoch of the leader that offloaded it, ≥ 0
 * @param nonce random
 */
public record SegmentName(long baseOffset, int leaderEpoch, long nonce) {

    private static final Pattern FORM = Pattern.compile("(\\d{20})-(\\d{1,10})-([0-9a-f]{16})\\.segment");

    public SegmentName {
        if (baseOffset < 0 || leaderEpoch < 0) {
            throw new IllegalArgumentException("Segment of offset " + baseOffset + " and epoch " + leaderEpoch);
        }
    }

    /** {@code <baseOffset, 20 digits>-<leaderEpoch>-<nonce, 16 hex digits>.segment}. */
    String fileName() {
        return String.format("%020d-%d-%016x.segment", baseOffset, leaderEpoch, nonce);
    }

    static Optional<SegmentName> parse(String fileName) {
        Matcher m = FORM.matcher(fileName);
        if (!m.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SegmentName(Long.parseLong(m.group(1)), Integer.parseInt(m.group(2)), Long.parseUnsignedLong(m.group(3), 16))).filter(name -> name.fileName().equals(fileName));
        } catch (NumberFormatException e) {
            return Optional.empty(); // more digits than the type holds: not one of ours
        }
    }
}
