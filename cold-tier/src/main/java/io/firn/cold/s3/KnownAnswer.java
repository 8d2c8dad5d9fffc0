package io.firn.cold.s3;

import java.util.Arrays;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.SdkAsyncHttpResponseHandler;

/** An answer that is here as a whole. Immutable. */
record KnownAnswer(SdkHttpResponse head, byte[] body) {

    /** Success, and nothing in it. */
    static final KnownAnswer EMPTY = new KnownAnswer(SdkHttpResponse.builder().statusCode(200).putHeader("Content-Length", "0").build(), new byte[0]);

    void tell(SdkAsyncHttpResponseHandler handler) {
        handler.onHeaders(head);
        handler.onStream(body.length == 0 ? AsyncRequestBody.empty() : AsyncRequestBody.fromBytesUnsafe(body));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KnownAnswer answer && head.equals(answer.head) && Arrays.equals(body, answer.body);
    }

    @Override
    public int hashCode() {
        return head.hashCode() * 31 + Arrays.hashCode(body);
    }

    @Override
    public String toString() {
        return "KnownAnswer[" + head.statusCode() + ", " + body.length + " bytes]";
    }
}
