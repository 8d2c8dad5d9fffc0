package io.firn.cold;

/** The port to an object store. To be specified with its contract test. */
public interface ObjectStore extends AutoCloseable {
    @Override
    void close();
}
