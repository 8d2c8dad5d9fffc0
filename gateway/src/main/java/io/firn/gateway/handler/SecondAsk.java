package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Standing;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Keeps nobody with a broker that is cut off: what is asked about the cluster is answered once over a connection, by what this broker knew last, and when it is asked again the connection is ended.
 *
 * <p>Clients ask the broker whose connection is up, and keep asking it: an error or an answer that does not help makes them ask the same one again, and those that were connected to no other would never
 * hear of the new leaders. Only without the connection do they go to another broker. They ask again when the first answer was of no use, so where no broker has a controller, who only wants to read is served.
 *
 * <p>The first time after being cut off it says so, and again when it is next asked after that is over; that clients are sent away, ten times a second or more, it says at DEBUG.
 *
 * <p>Limits: one entry for each open connection over which it was asked. Threading: thread-safe.
 */
final class SecondAsk {

    private static final Logger LOG = LoggerFactory.getLogger(SecondAsk.class);

    private static final String KEY = "asked-while-cut-off";
    private static final String REASON = "no controller answers this broker; others may know more";

    private final Standing standing;
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    /** Whether clients have been sent away since this broker was cut off last. */
    private final AtomicBoolean sendsAway = new AtomicBoolean();

    SecondAsk(Standing standing) {
        this.standing = standing;
    }

    ApiHandler before(ApiHandler handler) {
        return request -> {
            boolean cutOff = standing.cutOff();
            if (!cutOff && sendsAway.compareAndSet(true, false)) {
                LOG.atInfo().log("A controller answers this broker again; clients that ask about the cluster stay");
            }
            if (!cutOff || first(request)) {
                handler.handle(request);
            } else {
                sendAway(request);
            }
        };
    }

    private void sendAway(Request request) {
        if (sendsAway.compareAndSet(false, true)) {
            LOG.atWarn().addKeyValue("reason", REASON).log("Clients that ask about the cluster again are sent away");
        }
        request.endConnection(REASON, Level.DEBUG);
    }

    private boolean first(Request request) {
        String connection = request.connectionId();
        boolean first = asked.add(connection);
        if (first) {
            request.whenConnectionEnds(KEY, () -> asked.remove(connection));
        }
        return first;
    }
}
