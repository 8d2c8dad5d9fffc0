package io.firn.gateway.http;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics in Prometheus' text format. Thousands of meters take milliseconds to write, so it is done on a worker thread; at most
 * {@value #MAX_AT_ONCE} at once, more are answered 503.
 */
final class MetricsPage {

    static final int MAX_AT_ONCE = 2;

    private static final Logger LOG = LoggerFactory.getLogger(MetricsPage.class);
    private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Vertx vertx;
    private final PrometheusMeterRegistry meters;
    private final AtomicInteger running = new AtomicInteger();

    MetricsPage(Vertx vertx, PrometheusMeterRegistry meters) {
        this.vertx = vertx;
        this.meters = meters;
    }

    void answer(HttpServerResponse response) {
        if (running.incrementAndGet() > MAX_AT_ONCE) {
            running.decrementAndGet();
            Routes.plain(response, 503, "metrics are being read by others\n");
            return;
        }
        vertx.executeBlocking(() -> meters.scrape(CONTENT_TYPE), false)
                .onComplete(scraped -> running.decrementAndGet())
                .onSuccess(text -> response.putHeader(HttpHeaders.CONTENT_TYPE, CONTENT_TYPE).end(text))
                .onFailure(failure -> {
                    LOG.atError().setCause(failure).log("Metrics cannot be read");
                    Routes.plain(response, 500, "metrics cannot be read\n");
                });
    }
}
