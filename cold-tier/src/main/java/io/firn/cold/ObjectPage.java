package io.firn.cold;

import java.util.List;

/**
 * One page of a listing.
 *
 * @param objects in ascending order of their keys' bytes; at most as many as asked for
 * @param more whether there was a further one when the page was made
 */
public record ObjectPage(List<StoredObject> objects, boolean more) {
    public ObjectPage {
        objects = List.copyOf(objects);
    }
}
