package io.firn.cold.minio;

import io.firn.cold.BucketFaultContract;
import io.firn.cold.ObjectStoreConfig.Provider;

/** Provider {@code minio} when the way to the server fails. */
class MinioFaultIT extends BucketFaultContract {
    MinioFaultIT() {
        super(Provider.MINIO);
    }
}
