package io.firn.gateway;

import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Views for somebody who begins with one and then wants every change from it on, while views change all the time. Several changes may be passed as one.
 *
 * <p>Threading: {@link #start} runs on the caller's thread and what has changed meanwhile is passed there, everything later on the metadata thread; never two calls at once.
 */
final class ViewFeed {

    private final BiConsumer<ClusterView, ClusterView> changes;
    private final AtomicReference<ClusterView> newest = new AtomicReference<>(ClusterView.EMPTY);
    /** Changes not passed yet, and one more while somebody passes them. */
    private final AtomicInteger due = new AtomicInteger(1);
    private ClusterView passed = ClusterView.EMPTY;

    private ViewFeed(BiConsumer<ClusterView, ClusterView> changes) {
        this.changes = changes;
    }

    /** @param begin is given the first view, before any change. @return what it returned */
    static <T> T start(Metadata metadata, Function<ClusterView, T> begin, BiConsumer<ClusterView, ClusterView> changes) {
        ViewFeed feed = new ViewFeed(changes);
        metadata.subscribe((before, after) -> feed.changed(after));
        feed.passed = metadata.view();
        T begun = begin.apply(feed.passed);
        feed.pass();
        return begun;
    }

    private void changed(ClusterView after) {
        newest.set(after);
        if (due.getAndIncrement() == 0) {
            pass();
        }
    }

    private void pass() {
        int taken = due.get();
        do {
            ClusterView next = newest.get();
            if (next.version() > passed.version()) {
                ClusterView before = passed;
                passed = next;
                changes.accept(before, next);
            }
            taken = due.addAndGet(-taken);
        } while (taken != 0);
    }
}
