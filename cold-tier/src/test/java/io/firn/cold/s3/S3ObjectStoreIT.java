package io.firn.cold.s3;

import io.firn.cold.BucketStoreContract;
import io.firn.cold.ObjectStoreConfig.Provider;

/** Provider {@code s3} keeps the contract. */
class S3ObjectStoreIT extends BucketStoreContract {
    S3ObjectStoreIT() {
        super(Provider.S3);
    }
}
