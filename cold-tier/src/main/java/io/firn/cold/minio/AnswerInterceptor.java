package io.firn.cold.minio;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * Turns every HTTP error into an {@link AnswerException} before the MinIO client sees it. The client would translate it, but loses the status of an answer that
 * is not XML, such as a gateway's 503, and makes "bucket does not exist" of a conflict. Stateless.
 */
final class AnswerInterceptor implements Interceptor {

    /** An error's XML is some hundred bytes. */
    private static final int BODY_LIMIT_BYTES = 64 << 10;

    private static final Pattern CODE = Pattern.compile("<Code>\\s*([A-Za-z0-9.]{1,100})\\s*</Code>");

    @Override
    public Response intercept(Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        if (response.isSuccessful()) {
            return response;
        }
        try (response) {
            throw new AnswerException(response.code(), code(response));
        }
    }

    private static String code(Response response) throws IOException {
        byte[] body = response.body().byteStream().readNBytes(BODY_LIMIT_BYTES);
        Matcher matcher = CODE.matcher(new String(body, StandardCharsets.UTF_8));
        return matcher.find() ? matcher.group(1) : "";
    }
}
