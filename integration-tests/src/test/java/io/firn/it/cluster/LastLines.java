package io.firn.it.cluster;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Of a test that failed, prints how its brokers' logs end, and ends its cluster either way: after the test, or after all that share it. For the test's thread. */
final class LastLines implements AfterTestExecutionCallback, AfterAllCallback {

    private ClusterHarness cluster;
    private boolean shared;

    ClusterHarness of(ClusterHarness started) {
        cluster = started;
        return started;
    }

    /** The same of one that all tests of a class have; where this is registered as a static field. */
    ClusterHarness ofAll(ClusterHarness started) {
        shared = true;
        return of(started);
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (cluster == null) {
            return;
        }
        try {
            context.getExecutionException().ifPresent(failure -> cluster.showLogs(System.out::println));
        } finally {
            if (!shared) {
                end();
            }
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (cluster != null) {
            end();
        }
    }

    private void end() {
        cluster.close();
        cluster = null;
    }
}
