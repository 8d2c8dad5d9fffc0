package io.firn.gateway.share;

import java.util.List;
import org.apache.kafka.common.errors.InvalidRequestException;

/**
 * What a member says about the records from {@code first} to before {@code end}.
 *
 * @param types one for all, or one for each offset
 */
record Acknowledgement(long first, long end, List<Byte> types) {
    static final byte GAP = 0;
    static final byte ACCEPT = 1;
    static final byte RELEASE = 2;
    static final byte REJECT = 3;
    static final byte RENEW = 4;

    Acknowledgement {
        types = List.copyOf(types);
        if (first < 0 || end <= first || types.isEmpty() || types.size() > 1 && types.size() != end - first) {
            throw new InvalidRequestException("Not an acknowledgement: offsets " + first + " to " + (end - 1) + " with " + types.size() + " types");
        }
    }

    byte type(long offset) {
        return types.size() == 1 ? types.get(0) : types.get((int) (offset - first));
    }

    /** End of the offsets from {@code offset} on that have the same type. */
    long endOfSame(long offset) {
        if (types.size() == 1) {
            return end;
        }
        long next = offset + 1;
        while (next < end && type(next) == type(offset)) {
            next++;
        }
        return next;
    }
}
