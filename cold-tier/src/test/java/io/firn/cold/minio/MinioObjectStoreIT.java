package io.firn.cold.minio;

import io.firn.cold.BucketStoreContract;
import io.firn.cold.ObjectStoreConfig.Provider;

/** Provider {@code minio} keeps the contract. */
class MinioObjectStoreIT extends BucketStoreContract {
    MinioObjectStoreIT() {
        super(Provider.MINIO);
    }
}
