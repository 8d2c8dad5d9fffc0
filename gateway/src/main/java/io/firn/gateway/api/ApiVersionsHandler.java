package io.firn.gateway.api;

import java.util.function.Supplier;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;

/**
 * ApiVersions: what the API table holds. An unknown version of ApiVersions itself is answered in version 0 with
 * UNSUPPORTED_VERSION and the whole list, so that the client can step back at once (KIP-511).
 */
public final class ApiVersionsHandler implements ApiHandler {

    /** From this version on clients say what they are. */
    private static final short SOFTWARE_VERSION = 3;

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
            introduce(request, body);
            request.respond(answer(apis.get().advertised()));
        }
    }

    private static void introduce(Request request, ApiVersionsRequest body) {
        if (request.version() >= SOFTWARE_VERSION) {
            request.clientSoftware(new ClientInformation(body.data().clientSoftwareName(), body.data().clientSoftwareVersion()));
        }
    }

    private static ApiVersionsResponseData answer(ApiVersionCollection versions) {
        return new ApiVersionsResponseData().setApiKeys(versions).setSupportedFeatures(Features.supported()).setFinalizedFeatures(Features.finalized()).setFinalizedFeaturesEpoch(0);
    }
}
