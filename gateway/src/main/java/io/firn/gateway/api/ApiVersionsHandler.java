package io.firn.gateway.api;

import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKeyCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKeyCollection;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;

/**
 * ApiVersions: what the API table holds. An unknown version of ApiVersions itself is answered in version 0 with
 * UNSUPPORTED_VERSION and the whole list, so that the client can step back at once (KIP-511).
 */
public final class ApiVersionsHandler implements ApiHandler {

    /**
     * What is on: the consumer group protocol of KIP-848, share groups (KIP-932), and transactions with an epoch of their own (KIP-890), on which producers let the broker add partitions.
     */
    private static final Map<String, Short> FEATURES = Map.of("group.version", (short) 1, "share.version", (short) 1, "transaction.version", (short) 2);

    private final Supplier<ApiTable> apis;

    /** @param apis the table this handler is itself a row of */
    public ApiVersionsHandler(Supplier<ApiTable> apis) {
        this.apis = apis;
    }

    @Override
    public void handle(Request request) {
        ApiVersionsRequest body = (ApiVersionsRequest) request.body();
        if (body.hasUnsupportedRequestVersion()) {
            request.respond(new ApiVersionsResponseData().setErrorCode(Errors.UNSUPPORTED_VERSION.code()).setApiKeys(apis.get().advertised()));
        } else if (!body.isValid()) {
            request.respond(new ApiVersionsResponseData().setErrorCode(Errors.INVALID_REQUEST.code()));
        } else {
            request.respond(answer(apis.get().advertised()));
        }
    }

    private static ApiVersionsResponseData answer(ApiVersionCollection versions) {
        SupportedFeatureKeyCollection supported = new SupportedFeatureKeyCollection();
        FinalizedFeatureKeyCollection finalized = new FinalizedFeatureKeyCollection();
        FEATURES.forEach((name, level) -> {
            supported.add(new SupportedFeatureKey().setName(name).setMinVersion(level).setMaxVersion(level));
            finalized.add(new FinalizedFeatureKey().setName(name).setMinVersionLevel(level).setMaxVersionLevel(level));
        });
        return new ApiVersionsResponseData().setApiKeys(versions).setSupportedFeatures(supported).setFinalizedFeatures(finalized).setFinalizedFeaturesEpoch(0);
    }
}
