package io.firn.gateway.api;

/** Serves one API. Implementations are stateless or thread-safe: connections of all loops call them. */
@FunctionalInterface
public interface ApiHandler {
    /** Called on the connection's event loop; must not block. An exception thrown here answers as {@link Request#fail}. */
    void handle(Request request);
}
