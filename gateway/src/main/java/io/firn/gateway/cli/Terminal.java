package io.firn.gateway.cli;

/**
 * Which standard streams are a terminal. The launcher looks: Java's own {@code System.console()} cannot tell the streams apart, and answers
 * differently from version to version.
 */
final class Terminal {

    private Terminal() {}

    static boolean isErrorStream() {
        return Boolean.getBoolean("firn.tty.err");
    }
}
