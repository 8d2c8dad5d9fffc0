package io.firn.cold.manifest;

import java.util.Objects;

/**
 * A page that is no longer named, and whose object is to be deleted, together with those of its segments that are no longer live.
 *
 * @param goesBelow segments of it that end at or below this offset are to be deleted as well, with the pages below it that list only such: at least the page's base offset (none), at most its next (all)
 * @param droppedAtMs writer's clock at the commit that dropped it; the grace period runs from there
 */
public record PendingPage(PageReference page, long goesBelow, long droppedAtMs) {

    public PendingPage {
        Objects.requireNonNull(page, "page");
        if (goesBelow < page.baseOffset() || goesBelow > page.nextOffset()) {
            throw new IllegalArgumentException("Of " + page + " goes what is below " + goesBelow);
        }
    }

    boolean takesSegments() {
        return goesBelow > page.baseOffset();
    }
}
