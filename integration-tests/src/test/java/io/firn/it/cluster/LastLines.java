package io.firn.it.cluster;

import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Of a test that failed, prints how its brokers' logs end, and ends its cluster either way. For the test's thread. */
final class LastLines implements AfterTestExecutionCallback {

    private ClusterHarness cluster;

    ClusterHarness of(ClusterHarness started) {
        cluster = started;
        return started;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (cluster == null) {
            return;
        }
        try (ClusterHarness ended = cluster) {
            context.getExecutionException().ifPresent(failure -> ended.showLogs(System.out::println));
        }
        cluster = null;
    }
}
