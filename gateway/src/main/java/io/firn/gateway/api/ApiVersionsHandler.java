package io.firn.gateway.api;

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

    /** The consumer group protocol of KIP-848 is on. */
    private static final String GROUP_FEATURE = "group.version";
    private static final short GROUP_FEATURE_LEVEL = 1;

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
        supported.add(new SupportedFeatureKey().setName(GROUP_FEATURE).setMinVersion(GROUP_FEATURE_LEVEL).setMaxVersion(GROUP_FEATURE_LEVEL));
        FinalizedFeatureKeyCollection finalized = new FinalizedFeatureKeyCollection();
        finalized.add(new FinalizedFeatureKey().setName(GROUP_FEATURE).setMinVersionLevel(GROUP_FEATURE_LEVEL).setMaxVersionLevel(GROUP_FEATURE_LEVEL));
        return new ApiVersionsResponseData().setApiKeys(versions).setSupportedFeatures(supported).setFinalizedFeatures(finalized).setFinalizedFeaturesEpoch(0);
    }
}
