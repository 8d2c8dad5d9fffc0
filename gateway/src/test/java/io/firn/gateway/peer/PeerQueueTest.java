package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.Await;
import io.firn.gateway.wire.PeerReply;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeerQueueTest {

    private record Sent(int broker, List<Integer> questions, CompletableFuture<PeerReply> answer) {
        void answer(AtomicInteger released) {
            answer.complete(new PeerReply(new HeartbeatResponse(new HeartbeatResponseData()), released::incrementAndGet));
        }
    }

    private final EventLoop loop = new DefaultEventLoop();
    private final List<Sent> sent = new ArrayList<>();
    private final List<Integer> refused = new ArrayList<>();
    private final List<Integer> failed = new ArrayList<>();
    private final AtomicInteger released = new AtomicInteger();
    private List<Integer> asked = List.of();
    private boolean understood = true;
    private final PeerQueue<Integer> queue = new PeerQueue<>(loop, this::send, 1_000, new PeerQueue.Wire<>() {
        @Override
        public AbstractRequest.Builder<?> request(List<Integer> questions) {
            asked = questions;
            return new HeartbeatRequest.Builder(new HeartbeatRequestData());
        }

        @Override
        public void answer(List<Integer> questions, AbstractResponse response) {
            if (!understood) {
                throw new IllegalStateException("not understood, on purpose");
            }
        }

        @Override
        public void fail(Integer question) {
            failed.add(question);
        }

        @Override
        public boolean fits(List<Integer> questions, Integer next) {
            return !questions.contains(next);
        }

        @Override
        public void refuse(Integer question) {
            refused.add(question);
        }
    });

    private CompletableFuture<PeerReply> send(int broker, EventLoop on, AbstractRequest.Builder<?> request, long timeoutMs) {
        Sent one = new Sent(broker, asked, new CompletableFuture<>());
        sent.add(one);
        return one.answer();
    }

    @AfterEach
    void stop() {
        loop.shutdownGracefully();
    }

    /** On the loop, and everything that follows from it. */
    private void onLoop(Runnable task) throws Exception {
        Await.get(CompletableFuture.runAsync(task, loop));
        for (int turn = 0; turn < 8; turn++) {
            Await.get(CompletableFuture.runAsync(() -> {}, loop));
        }
    }

    /** As many unanswered requests as there may be, each for one question. */
    private void fill() throws Exception {
        for (int i = 0; i < PeerQueue.IN_FLIGHT; i++) {
            int question = -1 - i;
            onLoop(() -> queue.ask(7, question));
        }
        assertThat(sent).hasSize(PeerQueue.IN_FLIGHT);
    }

    @Test
    void whatIsAskedAtOnceGoesInOneRequestAndOneQuestionAloneWaitsForNothing() throws Exception {
        onLoop(() -> queue.ask(7, 1));
        onLoop(() -> IntStream.of(2, 3, 4).forEach(i -> queue.ask(7, i)));

        assertThat(sent).extracting(Sent::questions).containsExactly(List.of(1), List.of(2, 3, 4));
    }

    @Test
    void whatComesWhileAllRequestsAreUnansweredGoesTogetherInTheNextOne() throws Exception {
        fill();
        for (int i = 1; i <= 3; i++) {
            int question = i;
            onLoop(() -> queue.ask(7, question));
        }
        assertThat(sent).hasSize(PeerQueue.IN_FLIGHT);
        onLoop(() -> queue.ask(8, 5));
        assertThat(sent.get(PeerQueue.IN_FLIGHT).broker()).as("another broker's are not held up").isEqualTo(8);

        onLoop(() -> sent.get(3).answer().completeExceptionally(new IllegalStateException("no answer")));

        assertThat(sent.get(PeerQueue.IN_FLIGHT + 1).questions()).containsExactly(1, 2, 3);
    }

    @Test
    void whatDoesNotFitInOneRequestGoesInAnother() throws Exception {
        onLoop(() -> IntStream.of(1, 2, 1, 1).forEach(i -> queue.ask(7, i)));
        assertThat(sent).extracting(Sent::questions).containsExactly(List.of(1, 2), List.of(1), List.of(1));
    }

    @Test
    void aRequestHasItsLargestNumberOfQuestionsAndALineItsLongestLength() throws Exception {
        fill();
        onLoop(() -> IntStream.rangeClosed(1, PeerQueue.MAX_WAITING + 2).forEach(i -> queue.ask(7, i)));
        assertThat(refused).containsExactly(PeerQueue.MAX_WAITING + 1, PeerQueue.MAX_WAITING + 2);

        onLoop(() -> sent.get(0).answer(released));

        assertThat(sent.get(PeerQueue.IN_FLIGHT).questions()).hasSize(PeerQueue.MOST_IN_ONE);
    }

    @Test
    void aQuestionWhoseAnswerIsLostOrMakesNoSenseHasFailed() throws Exception {
        understood = false;
        onLoop(() -> IntStream.of(1, 2).forEach(i -> queue.ask(7, i)));
        onLoop(() -> queue.ask(7, 3));

        onLoop(() -> sent.get(0).answer(released));
        onLoop(() -> sent.get(1).answer().completeExceptionally(new IllegalStateException("no answer")));

        assertThat(failed).containsExactly(1, 2, 3);
        assertThat(released).as("the answer's bytes").hasValue(1);
    }

    @Test
    void aLoopThatHasStoppedRefuses() throws Exception {
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).get();
        queue.ask(7, 1);
        assertThat(refused).containsExactly(1);
    }
}
