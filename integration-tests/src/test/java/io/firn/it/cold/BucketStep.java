package io.firn.it.cold;

/** Requests to the bucket by which a broker does its work on one topic. */
enum BucketStep {
    READ_SEGMENTS("GET", ".segment"),
    UPLOAD("PUT", ".segment"),
    CHECK_SIZE("HEAD", ".segment"),
    READ_TAIL_BACK("GET", ".segment"),
    CREATE_PAGE("PUT", ".page"),
    READ_PAGE_BACK("GET", ".page"),
    CREATE_MANIFEST("PUT", ".manifest"),
    READ_MANIFEST_BACK("GET", ".manifest"),
    LIST_MANIFESTS("GET", "/manifest/"),
    LIST_PARTITION("GET", "/0/"),
    CREATE_BOUNDARY("PUT", ".boundary"),
    DELETE_MANIFESTS("POST", ".manifest"),
    DELETE_SEGMENTS("POST", ".segment"),
    /** Those that a dropped page lists, and not the manifest. */
    DELETE_SEGMENTS_OF_PAGE("POST", ".segment"),
    /** A dropped one. */
    DELETE_PAGE("DELETE", ".page"),
    /** With whatever else the partition has. */
    DELETE_ALL_PAGES("POST", ".page"),
    CREATE_TOMBSTONE("PUT", Long.MAX_VALUE + ".boundary"),
    DELETE_TOMBSTONE("DELETE", Long.MAX_VALUE + ".boundary"),
    DELETE_DESCRIPTION("POST", ".topic");

    final String method;
    /** In the path, or in the names of what is to be deleted. */
    final String named;

    BucketStep(String method, String named) {
        this.method = method;
        this.named = named;
    }
}
