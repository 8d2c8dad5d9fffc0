package io.firn.gateway.telemetry;

import java.util.regex.Pattern;

/**
 * How often patterns may look at a character before they are given up. A pattern can take longer than the age of the world for a text of thirty characters, and who sets patterns and who
 * sends texts are both clients, while a loop waits.
 *
 * <p>Threading: confined to one thread.
 */
final class Effort {
    private int left;

    Effort(int most) {
        this.left = most;
    }

    /** Whether the pattern matches all of the text; false when that is not found out. */
    boolean matches(Pattern pattern, String text) {
        try {
            return pattern.matcher(new Text(text)).matches();
        } catch (SpentException | StackOverflowError e) {
            return false;
        }
    }

    /** No effort is left. */
    private static final class SpentException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SpentException() {
            super("no effort is left", null, false, false);
        }
    }

    /** Each look at a character counts. */
    private final class Text implements CharSequence {
        private final String text;

        Text(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            if (left <= 0) {
                throw new SpentException();
            }
            left--;
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
