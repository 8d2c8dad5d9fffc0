package io.firn.membership;

import io.firn.membership.replication.Message;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Commands other brokers have submitted here, so that one that arrives twice is decided once. Remembers the newest {@link #MAX_REMEMBERED}, far more than may wait at a time.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Submitted {

    static final int MAX_REMEMBERED = 8 * Metadata.MAX_WAITING;

    private final Map<Id, CompletableFuture<Message>> replies = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Id, CompletableFuture<Message>> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    private record Id(int broker, long sender, long number) {}

    CompletableFuture<Message> once(int broker, Message.Submit submit, Supplier<CompletableFuture<Message>> decide) {
        return replies.computeIfAbsent(new Id(broker, submit.sender(), submit.number()), id -> decide.get());
    }
}
