package io.firn.membership;

import java.util.concurrent.CompletableFuture;

/** A command and the promise of its answer. The answer is completed once, by the metadata thread; or by anyone once the metadata has ended. */
record PendingCommand(Command command, CompletableFuture<Answer> answer) {

    PendingCommand(Command command) {
        this(command, new CompletableFuture<>());
    }
}
