package io.firn.gateway.peer;

import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small questions for other brokers. What comes while {@value #IN_FLIGHT} requests to a broker are unanswered gathers, and goes together in the next one: so a burst of thousands costs few requests, and one question
 * alone waits for nothing.
 *
 * <p>Limits: {@link #MOST_IN_ONE} questions in one request, {@link #MAX_WAITING} waiting for one broker; one more is refused.
 *
 * <p>Threading: {@link #ask} may be called from anywhere; everything else, {@link Wire} included, happens on the loop.
 *
 * @param <Q> a question that also knows whom to answer
 */
public final class PeerQueue<Q> {

    /** So many requests, each waiting for what is slow in it, hold up the others of the same broker only when all of them do. */
    static final int IN_FLIGHT = 16;
    static final int MOST_IN_ONE = 500;
    static final int MAX_WAITING = 20_000;

    /** What questions of one kind are to other brokers. */
    public interface Wire<Q> {

        /** Asks all of them. */
        AbstractRequest.Builder<?> request(List<Q> questions);

        /** Answers each of them. */
        void answer(List<Q> questions, AbstractResponse response);

        /** Answers a question that got no answer that makes sense, and may have been heeded or not. May come after an answer, and then does nothing. */
        void fail(Q question);

        /** Whether {@code next} may be asked in one request with {@code questions}. */
        boolean fits(List<Q> questions, Q next);

        /** Answers a question that is not asked, because too many wait or this broker stops. On any thread. */
        void refuse(Q question);
    }

    private static final Logger LOG = LoggerFactory.getLogger(PeerQueue.class);

    private final EventLoop loop;
    private final PeerTransport transport;
    private final long timeoutMs;
    private final Wire<Q> wire;
    private final Map<Integer, Line> lines = new HashMap<>();

    /** @param timeoutMs for an answer; longer than the other broker may need for what is asked */
    public PeerQueue(EventLoop loop, PeerTransport transport, long timeoutMs, Wire<Q> wire) {
        this.loop = loop;
        this.transport = transport;
        this.timeoutMs = timeoutMs;
        this.wire = wire;
    }

    public void ask(int broker, Q question) {
        try {
            loop.execute(() -> lines.computeIfAbsent(broker, Line::new).add(question));
        } catch (RejectedExecutionException stopped) {
            wire.refuse(question);
        }
    }

    /** What is on its way to one broker. */
    private final class Line {
        private final int broker;
        private final ArrayDeque<Q> waiting = new ArrayDeque<>();
        private int inFlight;
        private boolean due;

        Line(int broker) {
            this.broker = broker;
        }

        void add(Q question) {
            if (waiting.size() >= MAX_WAITING) {
                wire.refuse(question);
                return;
            }
            waiting.add(question);
            sendSoon();
        }

        /** After what the loop has to do already: that may bring more for the same request. */
        private void sendSoon() {
            if (!due && inFlight < IN_FLIGHT && !waiting.isEmpty()) {
                due = true;
                loop.execute(() -> {
                    due = false;
                    send();
                });
            }
        }

        private void send() {
            if (waiting.isEmpty()) {
                return;
            }
            List<Q> questions = take();
            inFlight++;
            transport.send(broker, loop, wire.request(questions), timeoutMs).whenComplete((reply, failure) -> {
                inFlight--;
                if (failure == null) {
                    answer(questions, reply);
                } else {
                    questions.forEach(wire::fail);
                }
                sendSoon();
            });
            sendSoon();
        }

        /** An answer that makes no sense is none: nobody may wait for ever. */
        private void answer(List<Q> questions, PeerReply reply) {
            try {
                wire.answer(questions, reply.response());
            } catch (RuntimeException e) {
                LOG.atError().addKeyValue("broker", broker).setCause(e).log("An answer of another broker could not be understood");
                questions.forEach(wire::fail);
            } finally {
                reply.release().run();
            }
        }

        private List<Q> take() {
            List<Q> taken = new ArrayList<>();
            Iterator<Q> questions = waiting.iterator();
            while (questions.hasNext() && taken.size() < MOST_IN_ONE) {
                Q next = questions.next();
                if (wire.fits(taken, next)) {
                    taken.add(next);
                    questions.remove();
                }
            }
            return taken;
        }
    }
}
