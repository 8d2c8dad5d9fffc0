package io.firn.gateway.http;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Map;

/** Which path is answered by which page; 404, 405 and 413 for the rest. Called on event loops. */
final class Routes implements Handler<HttpServerRequest> {

    private static final String ALLOWED = "GET, HEAD";

    private final Map<String, Handler<HttpServerResponse>> pages;

    private final ClusterPage cluster;

    private final TopicPage topics;

    Routes(MetricsPage metrics, HealthPage health, ClusterPage cluster, TopicPage topics) {
        this.cluster = cluster;
        this.topics = topics;
        pages = Map.of("/metrics", metrics::answer, "/health/live", health::live, "/health/ready", health::ready, "/health/in-sync", health::inSync);
    }

    @Override
    public void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        Handler<HttpServerResponse> page = pages.get(request.path());
        if (hasBody(request)) {
            // The connection cannot be used further: what follows on it is the body that nobody reads.
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            plain(response, 413, "no request here takes a body\n").onComplete(sent -> request.connection().close());
        } else if (ClusterPage.serves(request.path())) {
            cluster.handle(request);
        } else if (TopicPage.serves(request.path())) {
            topics.handle(request);
        } else if (page == null) {
            plain(response, 404, "there are /metrics, /health/live, /health/ready, /health/in-sync and " + ClusterPage.PATH + "\n");
        } else if (request.method() != HttpMethod.GET && request.method() != HttpMethod.HEAD) {
            response.putHeader(HttpHeaders.ALLOW, ALLOWED);
            plain(response, 405, "only " + ALLOWED + "\n");
        } else {
            page.handle(response);
        }
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null || length != null && !length.equals("0");
    }

    static io.vertx.core.Future<Void> plain(HttpServerResponse response, int status, String text) {
        return response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8").end(text);
    }
}
