package io.firn.gateway.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.event.KeyValuePair;

/** What the line formats share: one event becomes one line of fields, in this order. Thread-safe: holds no state. */
abstract class LineEncoder extends EncoderBase<ILoggingEvent> {

    private static final byte[] NONE = new byte[0];

    /** Appends one field; the value is foreign text and must not be able to break the line or forge a field. */
    abstract void field(StringBuilder line, String key, String value);

    abstract void begin(StringBuilder line);

    abstract void end(StringBuilder line);

    @Override
    public final byte[] encode(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(200);
        begin(line);
        field(line, "time", Instant.ofEpochMilli(event.getTimeStamp()).toString());
        field(line, "level", event.getLevel().toString());
        field(line, "logger", event.getLoggerName());
        field(line, "thread", event.getThreadName());
        field(line, "msg", event.getFormattedMessage());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                field(line, pair.key, String.valueOf(pair.value));
            }
        }
        stackTrace(event).ifPresent(trace -> field(line, "error", trace));
        end(line);
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<String> stackTrace(ILoggingEvent event) {
        return Optional.ofNullable(event.getThrowableProxy()).map(ThrowableProxyUtil::asString);
    }

    @Override
    public final byte[] headerBytes() {
        return NONE;
    }

    @Override
    public final byte[] footerBytes() {
        return NONE;
    }

    /** Appends {@code text} in double quotes; quotes, backslashes and control characters are escaped as in JSON. */
    static void quote(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> line.append("\\\"");
                case '\\' -> line.append("\\\\");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> {
                    if (c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029') {
                        line.append(String.format("\\u%04x", (int) c));
                    } else {
                        line.append(c);
                    }
                }
            }
        }
        line.append('"');
    }
}
