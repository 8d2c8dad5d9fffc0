package io.firn.cold.s3;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;

/**
 * The SDK's way to the network, but for requests whose answer is known before: the SDK then shows how it asks, or says what an answer means that came to somebody else's request, and nothing is sent.
 *
 * <p><b>Invariant.</b> Such a request bears a ticket, a header by which its answer is found here; none that bears one ever leaves.
 *
 * <p>Thread-safe.
 */
final class AnsweringHttpClient implements SdkAsyncHttpClient {

    /** Header by which a request finds its answer. */
    static final String TICKET = "x-firn-ticket";

    private final SdkAsyncHttpClient network;
    private final AtomicLong tickets = new AtomicLong();
    private final Map<String, Expected> expected = new ConcurrentHashMap<>(); // of requests that the SDK is about to make

    private record Expected(KnownAnswer answer, Consumer<SdkHttpRequest> seen) {}

    /** Owns {@code network}. */
    AnsweringHttpClient(SdkAsyncHttpClient network) {
        this.network = network;
    }

    /**
     * What {@code request} makes of an answer; what it throws is that, too.
     *
     * @param seen is shown the request as it would have been sent, if the SDK gets as far as that
     * @param request has the SDK make one request that bears the ticket
     */
    <T> CompletableFuture<T> answering(KnownAnswer answer, Consumer<SdkHttpRequest> seen, Function<String, CompletableFuture<T>> request) {
        String ticket = Long.toString(tickets.incrementAndGet());
        expected.put(ticket, new Expected(answer, seen));
        try {
            return request.apply(ticket).whenComplete((result, failure) -> expected.remove(ticket));
        } catch (RuntimeException e) {
            expected.remove(ticket);
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Void> execute(AsyncExecuteRequest request) {
        Optional<String> ticket = request.request().firstMatchingHeader(TICKET);
        if (ticket.isEmpty()) {
            return network.execute(request);
        }
        Expected known = Optional.ofNullable(expected.remove(ticket.get())).orElseThrow(() -> new IllegalStateException("Asked twice with ticket " + ticket.get()));
        known.seen().accept(request.request());
        known.answer().tell(request.responseHandler());
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public String clientName() {
        return network.clientName();
    }

    @Override
    public void close() {
        network.close();
    }
}
