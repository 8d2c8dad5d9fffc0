package io.firn.gateway.logging;

/** One JSON object a line, all values strings, key-value pairs beside the fixed fields. */
final class JsonLinesEncoder extends LineEncoder {

    @Override
    void begin(StringBuilder line) {
        line.append('{');
    }

    @Override
    void field(StringBuilder line, String key, String value) {
        if (line.length() > 1) {
            line.append(',');
        }
        quote(line, key);
        line.append(':');
        quote(line, value);
    }

    @Override
    void end(StringBuilder line) {
        line.append('}');
    }
}
