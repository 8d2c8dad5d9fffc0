package io.firn.cold.s3;

import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;

/**
 * What has come of the answer to one request, and so: what belongs to it, when it is whole, and whether its connection may carry another one.
 *
 * <p>Threading: confined to the event loop.
 */
final class AnswerState {

    /** Most bytes of an answer that is an error; the rest is cut off, which still leaves its status. */
    private static final int ERROR_LIMIT_BYTES = 64 << 10;

    private boolean interim;
    private boolean whole;
    private boolean reusable;
    private long errorBytesLeft;
    private long left;

    /** Takes a head; false if it is of an interim answer, which the one that counts follows. */
    boolean head(HttpResponse head) {
        interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        reusable = HttpUtil.isKeepAlive(head);
        boolean success = head.status().codeClass() == HttpStatusClass.SUCCESS;
        errorBytesLeft = success ? Long.MAX_VALUE : ERROR_LIMIT_BYTES;
        left = success && !head.headers().contains(HttpHeaderNames.TRANSFER_ENCODING) ? HttpUtil.getContentLength(head, 0L) : 0;
        return !interim;
    }

    /** Takes a piece; false if it is what is left of an interim answer. */
    boolean piece(HttpContent piece) {
        if (!interim) {
            errorBytesLeft -= piece.content().readableBytes();
            left -= piece.content().readableBytes();
            whole = piece instanceof LastHttpContent || errorBytesLeft < 0;
            reusable &= errorBytesLeft >= 0;
        }
        return !interim;
    }

    /** How many of the bytes that come next are the body of a success, as they are: 0 where that is not known. */
    long left() {
        return whole ? 0 : Math.max(left, 0);
    }

    /** Nothing that comes any more belongs to it. */
    boolean whole() {
        return whole;
    }

    /** Something has come behind its end. */
    void spoil() {
        reusable = false;
    }

    /** Whether it is whole and has left its connection as it was. */
    boolean reusable() {
        return whole && reusable;
    }
}
