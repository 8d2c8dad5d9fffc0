package io.firn.cold.minio;

import java.io.IOException;

/** An HTTP answer that is an error, with what the table of errors needs of it. Never leaves this package. */
final class AnswerException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;

    /** {@code code} is S3's error code; empty if the answer had none. */
    AnswerException(int status, String code) {
        super("HTTP " + status + " " + code);
        this.status = status;
        this.code = code;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }
}
