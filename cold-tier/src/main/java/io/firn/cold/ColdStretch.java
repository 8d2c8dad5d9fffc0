package io.firn.cold;

import io.firn.cold.manifest.Extent;
import io.firn.cold.manifest.PageReference;
import java.util.AbstractList;
import java.util.List;

/** A stretch of a partition's committed history, as far as it is known without a request: one segment, or a page of many. Immutable. */
public final class ColdStretch {

    private final Extent extent;

    ColdStretch(Extent extent) {
        this.extent = extent;
    }

    /** Without a copy: a log has hundreds of them, and is asked often. */
    static List<ColdStretch> views(List<Extent> extents) {
        return new AbstractList<>() {
            @Override
            public ColdStretch get(int index) {
                return new ColdStretch(extents.get(index));
            }

            @Override
            public int size() {
                return extents.size();
            }
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ColdStretch stretch && extent.equals(stretch.extent);
    }

    @Override
    public int hashCode() {
        return extent.hashCode();
    }

    @Override
    public String toString() {
        return extent.toString();
    }

    public long baseOffset() {
        return extent.baseOffset();
    }

    public long nextOffset() {
        return extent.nextOffset();
    }

    public long logSizeBytes() {
        return extent.logSizeBytes();
    }

    /** Largest record timestamp in its segments; of one without timestamps, when it was offloaded (Unix milliseconds). */
    public long newestMs() {
        return extent.newestMs();
    }

    public long segmentCount() {
        return extent.segmentCount();
    }

    /** Whether it is a page, of which {@link ColdLog#within} tells more. */
    public boolean isPage() {
        return extent instanceof PageReference;
    }

    PageReference page() {
        if (extent instanceof PageReference page) {
            return page;
        }
        throw new IllegalArgumentException("The segment at " + baseOffset() + " is no page");
    }
}
