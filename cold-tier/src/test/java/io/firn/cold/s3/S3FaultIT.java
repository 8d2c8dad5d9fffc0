package io.firn.cold.s3;

import io.firn.cold.BucketFaultContract;
import io.firn.cold.ObjectStoreConfig.Provider;

/** Provider {@code s3} when the way to the server fails. */
class S3FaultIT extends BucketFaultContract {
    S3FaultIT() {
        super(Provider.S3);
    }
}
