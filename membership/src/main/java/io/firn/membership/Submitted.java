package io.firn.membership;

import io.firn.membership.replication.Message;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Commands other brokers have submitted here, so that one that arrives twice is decided once, also if this broker was the controller in
 * between: what it took then may still be on its way to the next one, and what it sent away then was submitted elsewhere. Remembers the newest {@link #MAX_REMEMBERED}, far more than may wait at a time.
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

    /** @param decides whether this broker takes new ones @param decide asked once a command */
    CompletableFuture<Message> once(int broker, Message.Submit submit, boolean decides, Function<Message.Submit, CompletableFuture<Message>> decide, Message otherwise) {
        Id id = new Id(broker, submit.sender(), submit.number());
        return replies.computeIfAbsent(id, fresh -> decides ? decide.apply(submit) : CompletableFuture.completedFuture(otherwise));
    }
}
