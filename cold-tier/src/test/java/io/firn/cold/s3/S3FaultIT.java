package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.BucketFaultContract;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.ObjectStoreConfig.Provider;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Provider {@code s3} when the way to the server fails. */
class S3FaultIT extends BucketFaultContract {
    S3FaultIT() {
        super(Provider.S3);
    }

    /** The chain is asked for each request: what an instance role, a file or a container's endpoint has renewed is used at once. */
    @Test
    void credentialsThatHaveExpiredAreReplacedByRenewedOnesWithoutARestart() {
        try (ObjectStore store = openWithCredentialChain()) {
            give("expired", "expired");
            assertFails(ColdStoreException.Misconfigured.class, store.getSmall("renewed"));
            assertFails(ColdStoreException.Misconfigured.class, store.putIfAbsent("renewed", utf8("x")));
            give(S3Server.ACCESS_KEY, S3Server.SECRET_KEY);
            assertThat(await(store.putIfAbsent("renewed", utf8("x")))).isEqualTo(PutOutcome.CREATED);
            assertThat(await(store.getSmall("renewed")).remaining()).isOne();
        } finally {
            List.of("aws.accessKeyId", "aws.secretAccessKey").forEach(System::clearProperty);
        }
    }

    private static void give(String accessKey, String secretKey) {
        System.setProperty("aws.accessKeyId", accessKey);
        System.setProperty("aws.secretAccessKey", secretKey);
    }
}
