package io.firn.gateway.cli;

/** Lines of a report that is of use only as a whole: when standard output takes no more, on a full disk or after {@code | head}, the command ends and says so. */
final class StandardOutput {

    private StandardOutput() {}

    static void line(String line) {
        System.out.println(line);
        if (System.out.checkError()) {
            throw new CliFailure(Main.FAILED, "standard output takes no more; the rest was not written");
        }
    }
}
