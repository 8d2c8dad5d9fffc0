package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import java.util.List;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreateAclsResponseData.AclCreationResult;
import org.apache.kafka.common.message.CreateDelegationTokenRequestData;
import org.apache.kafka.common.message.CreateDelegationTokenResponseData;
import org.apache.kafka.common.message.DeleteAclsResponseData;
import org.apache.kafka.common.message.DeleteAclsResponseData.DeleteAclsFilterResult;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.message.DescribeDelegationTokenResponseData;
import org.apache.kafka.common.message.ExpireDelegationTokenResponseData;
import org.apache.kafka.common.message.RenewDelegationTokenResponseData;
import org.apache.kafka.common.message.SaslAuthenticateResponseData;
import org.apache.kafka.common.message.SaslHandshakeResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.CreateAclsRequest;
import org.apache.kafka.common.requests.CreateDelegationTokenRequest;
import org.apache.kafka.common.requests.DeleteAclsRequest;
import org.apache.kafka.common.security.auth.KafkaPrincipal;

/**
 * The security APIs as a broker answers them that has a listener without authentication and no authorizer: there is nothing to negotiate, to list or to grant, and
 * delegation tokens may not be had over an open connection.
 *
 * <p>Thread-safe: no state of its own.
 */
final class OpenListenerHandlers {
    private static final String NO_AUTHORIZER = "No Authorizer is configured.";
    /** What Kafka puts where there is no time to tell. */
    private static final long NO_TIME = -1;

    /** From this version on the answer says who asked. */
    private static final short REQUESTER_VERSION = 3;

    private OpenListenerHandlers() {}

    static List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.SASL_HANDSHAKE, OpenListenerHandlers::handshake), ServedApi.of(ApiKeys.SASL_AUTHENTICATE, OpenListenerHandlers::authenticate),
                ServedApi.of(ApiKeys.DESCRIBE_ACLS, OpenListenerHandlers::describeAcls), ServedApi.of(ApiKeys.CREATE_ACLS, OpenListenerHandlers::createAcls),
                ServedApi.of(ApiKeys.DELETE_ACLS, OpenListenerHandlers::deleteAcls), ServedApi.of(ApiKeys.CREATE_DELEGATION_TOKEN, OpenListenerHandlers::createToken),
                ServedApi.of(ApiKeys.RENEW_DELEGATION_TOKEN, OpenListenerHandlers::renewToken), ServedApi.of(ApiKeys.EXPIRE_DELEGATION_TOKEN, OpenListenerHandlers::expireToken),
                ServedApi.of(ApiKeys.DESCRIBE_DELEGATION_TOKEN, OpenListenerHandlers::describeTokens));
    }

    private static void handshake(Request request) {
        request.respond(new SaslHandshakeResponseData().setErrorCode(Errors.ILLEGAL_SASL_STATE.code()));
    }

    private static void authenticate(Request request) {
        request.respond(new SaslAuthenticateResponseData().setErrorCode(Errors.ILLEGAL_SASL_STATE.code())
                .setErrorMessage("SaslAuthenticate request received after successful authentication"));
    }

    private static void describeAcls(Request request) {
        request.respond(new DescribeAclsResponseData().setErrorCode(Errors.SECURITY_DISABLED.code()).setErrorMessage("No Authorizer is configured on the broker"));
    }

    private static void createAcls(Request request) {
        List<AclCreationResult> results = ((CreateAclsRequest) request.body()).data().creations().stream()
                .map(creation -> new AclCreationResult().setErrorCode(Errors.SECURITY_DISABLED.code()).setErrorMessage(NO_AUTHORIZER)).toList();
        request.respond(new CreateAclsResponseData().setResults(results));
    }

    private static void deleteAcls(Request request) {
        List<DeleteAclsFilterResult> results = ((DeleteAclsRequest) request.body()).data().filters().stream()
                .map(filter -> new DeleteAclsFilterResult().setErrorCode(Errors.SECURITY_DISABLED.code()).setErrorMessage(NO_AUTHORIZER)).toList();
        request.respond(new DeleteAclsResponseData().setFilterResults(results));
    }

    private static void createToken(Request request) {
        CreateDelegationTokenRequestData body = ((CreateDelegationTokenRequest) request.body()).data();
        boolean forOther = body.ownerPrincipalName() != null && !body.ownerPrincipalName().isEmpty();
        KafkaPrincipal asking = KafkaPrincipal.ANONYMOUS;
        CreateDelegationTokenResponseData refusal = new CreateDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code())
                .setPrincipalType(forOther ? body.ownerPrincipalType() : asking.getPrincipalType()).setPrincipalName(forOther ? body.ownerPrincipalName() : asking.getName())
                .setIssueTimestampMs(NO_TIME).setExpiryTimestampMs(NO_TIME).setMaxTimestampMs(NO_TIME).setTokenId("").setHmac(new byte[0]);
        request.respond(request.version() < REQUESTER_VERSION ? refusal
                : refusal.setTokenRequesterPrincipalType(asking.getPrincipalType()).setTokenRequesterPrincipalName(asking.getName()));
    }

    private static void renewToken(Request request) {
        request.respond(new RenewDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()).setExpiryTimestampMs(NO_TIME));
    }

    private static void expireToken(Request request) {
        request.respond(new ExpireDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()).setExpiryTimestampMs(NO_TIME));
    }

    private static void describeTokens(Request request) {
        request.respond(new DescribeDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()));
    }
}
