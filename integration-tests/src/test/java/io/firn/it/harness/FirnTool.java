package io.firn.it.harness;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Commands of the {@code firn} launcher that run to their end, each in a process of its own with the memory of a tool. */
public final class FirnTool {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    private FirnTool() {}

    /** What the command left. */
    public static ProcessResult run(String... words) {
        List<String> command = new ArrayList<>(List.of(Processes.java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Dfile.encoding=UTF-8"));
        command.addAll(FirnProcess.archived());
        command.addAll(List.of("-cp", Processes.joined(Processes.brokerClassPath()), FirnProcess.MAIN));
        command.addAll(List.of(words));
        return ProcessResult.of(command, "", LIMIT);
    }

    /** The same with settings of a bucket as {@code --set}. */
    public static ProcessResult run(Map<String, String> settings, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        settings.forEach((key, value) -> {
            all.add("--set");
            all.add(key + "=" + value);
        });
        return run(all.toArray(String[]::new));
    }
}
