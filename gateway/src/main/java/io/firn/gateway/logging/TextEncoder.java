package io.firn.gateway.logging;

/** {@code time=… level=… msg="…" key=value}: values are quoted where they need to be. */
final class TextEncoder extends LineEncoder {

    @Override
    void begin(StringBuilder line) {
        // nothing opens a line of text
    }

    @Override
    void field(StringBuilder line, String key, String value) {
        if (line.length() > 0) {
            line.append(' ');
        }
        line.append(key).append('=');
        if (plain(value)) {
            line.append(value);
        } else {
            quote(line, value);
        }
    }

    @Override
    void end(StringBuilder line) {
        // nothing closes a line of text
    }

    private static boolean plain(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f) {
                return false;
            }
        }
        return !value.isEmpty();
    }
}
