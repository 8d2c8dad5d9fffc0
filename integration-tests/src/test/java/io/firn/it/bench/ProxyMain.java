package io.firn.it.bench;

import io.firn.it.harness.DelayProxy;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/** The long way as a process: says its port, and ends with its input. Arguments: port of the server, bytes per second of a connection, and the directory of the server's files if it is to be spared the reading of them. Orders: {@code delay MS}, {@code requests}. */
final class ProxyMain {

    private ProxyMain() {}

    public static void main(String[] args) throws IOException {
        PrintStream answers = AttendantLoop.answers();
        int port = Integer.parseInt(args[0]);
        long bytesPerSecond = Long.parseLong(args[1]);
        try (DelayProxy proxy = args.length == 2 ? DelayProxy.start(port, 0, bytesPerSecond) : DelayProxy.start(port, Path.of(args[2]), 0, bytesPerSecond)) {
            AttendantLoop.run(answers, "" + proxy.endpoint().getPort(), words -> obey(proxy, words));
        }
        System.exit(0);
    }

    private static String obey(DelayProxy proxy, String[] words) {
        if (words[0].equals("delay")) {
            proxy.delay(Long.parseLong(words[1]));
            return "ok";
        }
        Map<String, Long> requests = proxy.requests();
        return requests.get("GET") + " " + requests.get("PUT") + " " + requests.values().stream().mapToLong(Long::longValue).sum();
    }
}
