package io.firn.cold.segment;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * The keys of one partition's objects, built and parsed.
 *
 * <pre>
 *   directory/                                        topics/&lt;topic&gt;-&lt;topicId&gt;/&lt;partition&gt;/
 *     &lt;baseOffset&gt;-&lt;leaderEpoch&gt;-&lt;nonce&gt;.segment      see {@link SegmentName}
 *     page/&lt;baseOffset, 20 digits&gt;-&lt;level&gt;-&lt;nonce, 16 hex&gt;.page
 *     manifest/&lt;number, 20 digits&gt;.manifest
 *     manifest/&lt;number, 20 digits&gt;.boundary
 * </pre>
 *
 * @param directory ends with a slash
 */
public record PartitionKeys(String directory) {

    private static final int DIGITS = 20;
    private static final String MANIFEST = ".manifest";
    private static final String BOUNDARY = ".boundary";
    private static final String PAGE = ".page";

    public String segment(SegmentName name) {
        return directory + name.fileName();
    }

    /** The name in a key of this partition; empty for any other object. */
    public Optional<SegmentName> segmentName(String key) {
        return key.startsWith(directory) ? SegmentName.parse(key.substring(directory.length())) : Optional.empty();
    }

    /** Prefix of manifest pages, and of nothing else. */
    public String pagePrefix() {
        return directory + "page/";
    }

    public String page(long baseOffset, int level, long nonce) {
        return pagePrefix() + digits(baseOffset) + "-" + level + "-" + String.format("%016x", nonce) + PAGE;
    }

    /** The base offset in the key of one of its pages; empty for any other object. */
    public OptionalLong pageBaseOffset(String key) {
        return key.startsWith(pagePrefix()) && key.endsWith(PAGE) && key.length() > pagePrefix().length() + DIGITS ? digits(key, pagePrefix().length()) : OptionalLong.empty();
    }

    /** Prefix of manifests and boundaries, and of nothing else. */
    public String manifestPrefix() {
        return directory + "manifest/";
    }

    public String manifest(long number) {
        return manifestPrefix() + digits(number) + MANIFEST;
    }

    public String boundary(long number) {
        return manifestPrefix() + digits(number) + BOUNDARY;
    }

    public OptionalLong manifestNumber(String key) {
        return number(key, MANIFEST);
    }

    public OptionalLong boundaryNumber(String key) {
        return number(key, BOUNDARY);
    }

    private OptionalLong number(String key, String ending) {
        String prefix = manifestPrefix();
        if (!key.startsWith(prefix) || !key.endsWith(ending) || key.length() != prefix.length() + DIGITS + ending.length()) {
            return OptionalLong.empty();
        }
        return digits(key, prefix.length());
    }

    private static OptionalLong digits(String key, int from) {
        try {
            return OptionalLong.of(Long.parseLong(key, from, from + DIGITS, 10));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static String digits(long number) {
        return String.format("%0" + DIGITS + "d", number);
    }
}
