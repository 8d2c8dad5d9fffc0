package io.firn.membership.hazelcast;

import com.hazelcast.cp.CPGroup;
import com.hazelcast.cp.session.CPSession;
import com.hazelcast.cp.session.CPSessionManagementService;
import java.util.Collection;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the sessions of brokers that are gone, so that what they held is free at once and not when the session runs out.
 *
 * <p>A broker that is only cut off may lose a session it could have kept. That is safe: holding the controller's lock proves nothing (see {@code MetadataStore}).
 *
 * <p>Confined to the thread of {@link CpMember}. Without effect when the CP subsystem does not answer: sessions end by themselves.
 */
final class Sessions {

    private static final Logger LOGGER = LoggerFactory.getLogger(Sessions.class);

    private final CpInstance instance;

    Sessions(CpInstance instance) {
        this.instance = instance;
    }

    void close(Predicate<CPSession> gone) {
        CPSessionManagementService sessions = instance.cp().getCPSessionManagementService();
        try {
            Collection<CPSession> all = CpMember.await(sessions.getAllSessions(CPGroup.DEFAULT_GROUP_NAME).toCompletableFuture());
            for (CPSession session : all) {
                if (gone.test(session)) {
                    boolean closed = CpMember.await(sessions.forceCloseSession(CPGroup.DEFAULT_GROUP_NAME, session.id()).toCompletableFuture());
                    LOGGER.atInfo().addKeyValue("incarnation", session.endpointName()).addKeyValue("closed", closed).log("Ended the session of a broker that is gone");
                }
            }
        } catch (ExecutionException | TimeoutException e) {
            LOGGER.atInfo().addKeyValue("reason", String.valueOf(e.getMessage())).log("Sessions of brokers that are gone could not be ended now; they end by themselves");
        }
    }
}
