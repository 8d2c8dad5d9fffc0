package io.firn.cold.segment;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The keys of one partition's objects, built and parsed.
 *
 * <pre>
 *   directory/                                        topics/&lt;topic&gt;-&lt;topicId&gt;/&lt;partition&gt;/
 *     &lt;baseOffset&gt;-&lt;leaderEpoch&gt;-&lt;nonce&gt;.segment      see {@link SegmentName}
 *     page/&lt;baseOffset, 20 digits&gt;-&lt;level&gt;-&lt;nonce, 16 hex&gt;.page           the nonce begins with the writer's epoch: see {@link #writerEpoch}
 *     manifest/&lt;number, 20 digits&gt;.manifest
 *     manifest/&lt;number, 20 digits&gt;.boundary
 * </pre>
 *
 * @param directory ends with a slash
 */
public record PartitionKeys(String directory) {

    private static final int DIGITS = 20;
    private static final int NONCE_DIGITS = 16;
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

    private record PageName(long baseOffset, int level, long nonce) {}

    private Optional<PageName> pageName(String key) {
        int levelAt = pagePrefix().length() + DIGITS + 1;
        int nonceAt = key.length() - PAGE.length() - NONCE_DIGITS;
        if (!key.startsWith(pagePrefix()) || nonceAt <= levelAt + 1) {
            return Optional.empty();
        }
        try {
            PageName name = new PageName(Long.parseLong(key, pagePrefix().length(), levelAt - 1, 10), Integer.parseInt(key, levelAt, nonceAt - 1, 10), Long.parseUnsignedLong(key, nonceAt, nonceAt + NONCE_DIGITS, 16));
            return Optional.of(name).filter(same -> page(same.baseOffset(), same.level(), same.nonce()).equals(key));
        } catch (NumberFormatException e) {
            return Optional.empty(); // none of ours
        }
    }

    /** The base offset in the key of one of its pages; empty for any other object. */
    public OptionalLong pageBaseOffset(String key) {
        return pageName(key).map(name -> OptionalLong.of(name.baseOffset())).orElse(OptionalLong.empty());
    }

    /** A page's nonce: the epoch of its writer, so that the key tells it, and below it 32 random bits. */
    public static long pageNonce(int writerEpoch, int random) {
        return (long) writerEpoch << Integer.SIZE | Integer.toUnsignedLong(random);
    }

    /** The leader epoch of whoever wrote a segment or page, as its key tells; empty for any other object. */
    public OptionalInt writerEpoch(String key) {
        Optional<Integer> epoch = segmentName(key).map(SegmentName::leaderEpoch).or(() -> pageName(key).map(name -> (int) (name.nonce() >>> Integer.SIZE)).filter(ofPage -> ofPage >= 0));
        return epoch.map(OptionalInt::of).orElse(OptionalInt.empty());
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
