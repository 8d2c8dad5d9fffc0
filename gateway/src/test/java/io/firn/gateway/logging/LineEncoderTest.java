package io.firn.gateway.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

class LineEncoderTest {

    private static final String HOSTILE = "a\nlevel=ERROR \"msg\"\t\\ \u2028\u0001";

    @Test
    void textQuotesOnlyWhatNeedsIt() {
        String line = encode(new TextEncoder(), event("Segment sealed", new KeyValuePair("partition", "t-0"), new KeyValuePair("reason", "too old")));

        assertThat(line).isEqualTo("time=1970-01-01T00:00:01Z level=WARN logger=io.firn.Here thread=loop-1 msg=\"Segment sealed\" partition=t-0 reason=\"too old\"\n");
    }

    @Test
    void foreignTextCanNeitherBreakALineNorForgeAField() {
        String line = encode(new TextEncoder(), event("Refused", new KeyValuePair("client", HOSTILE)));

        assertThat(line.strip().lines()).hasSize(1);
        assertThat(line).contains("client=\"a\\nlevel=ERROR \\\"msg\\\"\\t\\\\ \\u2028\\u0001\"");
    }

    @Test
    void jsonLinesAreJsonWithTheKeyValuesBesideTheMessage() throws IOException {
        LoggingEvent event = event("Refused", new KeyValuePair("client", HOSTILE), new KeyValuePair("offset", 42L));
        event.setThrowableProxy(new ch.qos.logback.classic.spi.ThrowableProxy(new IOException("disk\ngone")));

        String line = encode(new JsonLinesEncoder(), event);

        assertThat(line.strip().lines()).hasSize(1);
        JsonNode json = new ObjectMapper().readTree(line);
        assertThat(json.get("msg").textValue()).isEqualTo("Refused");
        assertThat(json.get("client").textValue()).isEqualTo(HOSTILE);
        assertThat(json.get("offset").textValue()).isEqualTo("42");
        assertThat(json.get("error").textValue()).startsWith("java.io.IOException: disk\ngone");
    }

    @Test
    void loggingIsSetUpWithoutAnXmlFile() {
        LoggerContext context = (LoggerContext) org.slf4j.LoggerFactory.getILoggerFactory();

        assertThat(context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).getAppender("stderr")).isNotNull();
    }

    @Test
    void librariesStayAtWarnWhenFirnIsTalkative() {
        LoggerContext context = (LoggerContext) org.slf4j.LoggerFactory.getILoggerFactory();

        Logging.apply(new io.firn.gateway.config.BrokerConfig.Logging("debug", "text"));

        assertThat(context.getLogger("io.firn.hot").isDebugEnabled()).isTrue();
        assertThat(context.getLogger("org.apache.kafka").isInfoEnabled()).isFalse();
        Logging.apply(new io.firn.gateway.config.BrokerConfig.Logging("warn", "text"));
    }

    private static LoggingEvent event(String message, KeyValuePair... pairs) {
        LoggingEvent event = new LoggingEvent();
        event.setLoggerName("io.firn.Here");
        event.setLevel(Level.WARN);
        event.setThreadName("loop-1");
        event.setTimeStamp(1000);
        event.setMessage(message);
        event.setKeyValuePairs(List.of(pairs));
        return event;
    }

    private static String encode(LineEncoder encoder, LoggingEvent event) {
        return new String(encoder.encode(event), StandardCharsets.UTF_8);
    }
}
