package io.firn.cold.s3;

import software.amazon.awssdk.http.SdkHttpRequest;

/** Where a request goes: what two requests must have in common to go over the same connection. */
record GetOrigin(boolean tls, String host, int port) {

    static GetOrigin of(SdkHttpRequest request) {
        return new GetOrigin(request.protocol().equalsIgnoreCase("https"), request.host(), request.port());
    }
}
