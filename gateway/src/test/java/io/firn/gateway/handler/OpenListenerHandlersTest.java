package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import java.util.List;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.CreateAclsRequestData.AclCreation;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreateDelegationTokenRequestData;
import org.apache.kafka.common.message.CreateDelegationTokenResponseData;
import org.apache.kafka.common.message.DeleteAclsRequestData;
import org.apache.kafka.common.message.DeleteAclsRequestData.DeleteAclsFilter;
import org.apache.kafka.common.message.DeleteAclsResponseData;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.message.DescribeDelegationTokenRequestData;
import org.apache.kafka.common.message.DescribeDelegationTokenResponseData;
import org.apache.kafka.common.message.ExpireDelegationTokenRequestData;
import org.apache.kafka.common.message.ExpireDelegationTokenResponseData;
import org.apache.kafka.common.message.RenewDelegationTokenRequestData;
import org.apache.kafka.common.message.RenewDelegationTokenResponseData;
import org.apache.kafka.common.message.SaslAuthenticateRequestData;
import org.apache.kafka.common.message.SaslAuthenticateResponseData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.message.SaslHandshakeResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Answers as a Kafka 4.3.1 broker on a plain listener gave them. */
class OpenListenerHandlersTest {

    private static ApiHandler handler(ApiKeys api) {
        return OpenListenerHandlers.all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    @Test
    void saslIsOutOfPlaceOnAPlainListenerAndTheConnectionStays() throws Exception {
        for (int version = 0; version <= 1; version++) {
            SaslHandshakeResponseData answer = ask(handler(ApiKeys.SASL_HANDSHAKE), ApiKeys.SASL_HANDSHAKE, version, new SaslHandshakeRequestData().setMechanism("PLAIN"), SaslHandshakeResponseData.class);
            assertThat(answer).isEqualTo(new SaslHandshakeResponseData().setErrorCode(Errors.ILLEGAL_SASL_STATE.code()));
        }
        for (int version = 0; version <= 2; version++) {
            SaslAuthenticateResponseData answer = ask(handler(ApiKeys.SASL_AUTHENTICATE), ApiKeys.SASL_AUTHENTICATE, version, new SaslAuthenticateRequestData(), SaslAuthenticateResponseData.class);
            assertThat(answer.errorCode()).isEqualTo(Errors.ILLEGAL_SASL_STATE.code());
            assertThat(answer.errorMessage()).isEqualTo("SaslAuthenticate request received after successful authentication");
        }
    }

    @Test
    void aclsAreDisabledEachCreationAndEachFilterOnItsOwn() throws Exception {
        DescribeAclsResponseData described = ask(handler(ApiKeys.DESCRIBE_ACLS), ApiKeys.DESCRIBE_ACLS, 3,
                new DescribeAclsRequestData().setResourceTypeFilter((byte) 1).setPatternTypeFilter((byte) 1).setOperation((byte) 1).setPermissionType((byte) 1), DescribeAclsResponseData.class);
        assertThat(described).isEqualTo(new DescribeAclsResponseData().setErrorCode(Errors.SECURITY_DISABLED.code()).setErrorMessage("No Authorizer is configured on the broker"));
        AclCreation creation = new AclCreation().setResourceType((byte) 2).setResourceName("t").setResourcePatternType((byte) 3).setPrincipal("User:x").setHost("*")
                .setOperation((byte) 3).setPermissionType((byte) 3);
        CreateAclsResponseData created = ask(handler(ApiKeys.CREATE_ACLS), ApiKeys.CREATE_ACLS, 3, new CreateAclsRequestData().setCreations(List.of(creation, creation.duplicate())), CreateAclsResponseData.class);
        assertThat(created.results()).hasSize(2).allMatch(result -> result.errorCode() == Errors.SECURITY_DISABLED.code() && result.errorMessage().equals("No Authorizer is configured."));
        DeleteAclsResponseData deleted = ask(handler(ApiKeys.DELETE_ACLS), ApiKeys.DELETE_ACLS, 3, new DeleteAclsRequestData().setFilters(List.of(
                new DeleteAclsFilter().setResourceTypeFilter((byte) 1).setPatternTypeFilter((byte) 1).setOperation((byte) 1).setPermissionType((byte) 1))), DeleteAclsResponseData.class);
        assertThat(deleted.filterResults()).hasSize(1).allMatch(result -> result.errorCode() == Errors.SECURITY_DISABLED.code());
    }

    @Test
    void delegationTokensAreNotToBeHadOverAnOpenConnection() throws Exception {
        for (int version = 1; version <= 3; version++) {
            CreateDelegationTokenResponseData created = ask(handler(ApiKeys.CREATE_DELEGATION_TOKEN), ApiKeys.CREATE_DELEGATION_TOKEN, version, new CreateDelegationTokenRequestData(),
                    CreateDelegationTokenResponseData.class);
            assertThat(created).isEqualTo(new CreateDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()).setPrincipalType("User")
                    .setPrincipalName("ANONYMOUS").setTokenRequesterPrincipalType(version < 3 ? "" : "User").setTokenRequesterPrincipalName(version < 3 ? "" : "ANONYMOUS")
                    .setIssueTimestampMs(-1).setExpiryTimestampMs(-1).setMaxTimestampMs(-1));
        }
        CreateDelegationTokenResponseData forOther = ask(handler(ApiKeys.CREATE_DELEGATION_TOKEN), ApiKeys.CREATE_DELEGATION_TOKEN, 3,
                new CreateDelegationTokenRequestData().setOwnerPrincipalType("User").setOwnerPrincipalName("other"), CreateDelegationTokenResponseData.class);
        assertThat(forOther.principalName()).isEqualTo("other");
        assertThat(ask(handler(ApiKeys.RENEW_DELEGATION_TOKEN), ApiKeys.RENEW_DELEGATION_TOKEN, 2, new RenewDelegationTokenRequestData(), RenewDelegationTokenResponseData.class))
                .isEqualTo(new RenewDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()).setExpiryTimestampMs(-1));
        assertThat(ask(handler(ApiKeys.EXPIRE_DELEGATION_TOKEN), ApiKeys.EXPIRE_DELEGATION_TOKEN, 2, new ExpireDelegationTokenRequestData(), ExpireDelegationTokenResponseData.class))
                .isEqualTo(new ExpireDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()).setExpiryTimestampMs(-1));
        assertThat(ask(handler(ApiKeys.DESCRIBE_DELEGATION_TOKEN), ApiKeys.DESCRIBE_DELEGATION_TOKEN, 3, new DescribeDelegationTokenRequestData(), DescribeDelegationTokenResponseData.class))
                .isEqualTo(new DescribeDelegationTokenResponseData().setErrorCode(Errors.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()));
    }
}
