package io.firn.it.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;

/** The other end of an {@link Attendant}: says its first line, obeys orders, and returns when there are no more. For the main thread. */
final class AttendantLoop {

    /** Does what the words say, and answers. */
    interface Obedience {
        String obey(String[] words) throws Exception;
    }

    private AttendantLoop() {}

    /** Standard output is for answers alone from now on, and only errors are logged. */
    static PrintStream answers() {
        PrintStream out = System.out;
        System.setOut(System.err);
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.ERROR);
        return out;
    }

    static void run(PrintStream answers, String first, Obedience obedience) throws IOException {
        answers.println(first);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            answers.println(answer(line, obedience));
        }
    }

    private static String answer(String line, Obedience obedience) {
        try {
            return obedience.obey(line.split(" "));
        } catch (Exception e) { // whatever it is: the one who gave the order is told, and decides
            e.printStackTrace();
            return "failed: " + line + ": " + e;
        }
    }
}
