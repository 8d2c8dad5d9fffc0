package io.firn.membership;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The view this broker shows, and who is told when it changes. Its version only grows.
 *
 * <p>Threading: read and subscribed to anywhere; changed on the metadata thread.
 */
final class Shown {

    private static final Logger LOGGER = LoggerFactory.getLogger(Shown.class);

    private final CopyOnWriteArrayList<BiConsumer<ClusterView, ClusterView>> listeners = new CopyOnWriteArrayList<>();
    private volatile ClusterView view;

    Shown(ClusterView view) {
        this.view = view;
    }

    ClusterView view() {
        return view;
    }

    void subscribe(BiConsumer<ClusterView, ClusterView> listener) {
        listeners.add(listener);
    }

    void show(ClusterView next) {
        ClusterView previous = view;
        if (next.version() == previous.version()) {
            return;
        }
        if (next.version() < previous.version()) {
            throw new IllegalStateException("view " + next.version() + " after view " + previous.version());
        }
        view = next;
        for (BiConsumer<ClusterView, ClusterView> listener : listeners) {
            try {
                listener.accept(previous, next);
            } catch (RuntimeException e) {
                LOGGER.atError().addKeyValue("version", next.version()).setCause(e).log("A listener of the metadata failed; part of this broker may not know the change");
            }
        }
    }
}
