package io.firn.it.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Kafka's performance tools, each run as a process. */
final class Load {

    private static final Pattern PRODUCED = Pattern.compile("(\\d+) records sent, ([\\d.]+) records/sec \\(([\\d.]+) MB/sec\\), ([\\d.]+) ms avg latency, ([\\d.]+) ms max latency, "
            + "(\\d+) ms 50th, (\\d+) ms 95th, (\\d+) ms 99th");
    private static final long RUN_LIMIT_MINUTES = 10;

    private final Layout layout;

    Load(Layout layout) {
        this.layout = layout;
    }

    /** What one run of the producer tool printed. */
    record Produced(double mibPerSecond, double p50Ms, double p99Ms) {}

    /** Sends {@code records} records of {@code recordBytes}; {@code rate} -1 is as fast as it goes. */
    Produced produce(String bootstrap, String topic, long records, int recordBytes, int rate, int batchBytes, String... extra) throws IOException, InterruptedException {
        return produced(arguments(bootstrap, topic, records, recordBytes, rate, batchBytes, extra));
    }

    /** The same in transactions that last so long; 0 for none. */
    Produced produce(String bootstrap, String topic, long records, int recordBytes, int rate, int batchBytes, int transactionMs, String... extra) throws IOException, InterruptedException {
        List<String> args = arguments(bootstrap, topic, records, recordBytes, rate, batchBytes, extra);
        if (transactionMs > 0) {
            args.addAll(List.of("--transaction-duration-ms", "" + transactionMs));
        }
        return produced(args);
    }

    private List<String> arguments(String bootstrap, String topic, long records, int recordBytes, int rate, int batchBytes, String... extra) {
        List<String> args = new ArrayList<>(List.of("--topic", topic, "--num-records", "" + records, "--payload-file", payload(recordBytes).toString(),
                "--throughput", "" + rate, "--bootstrap-server", bootstrap, "--command-property", "batch.size=" + batchBytes));
        for (String property : extra) {
            args.add("--command-property");
            args.add(property);
        }
        return args;
    }

    private Produced produced(List<String> args) throws IOException, InterruptedException {
        String output = run("org.apache.kafka.tools.ProducerPerformance", args);
        Matcher summary = PRODUCED.matcher(output);
        Produced last = null;
        while (summary.find()) {
            last = new Produced(Double.parseDouble(summary.group(3)), Double.parseDouble(summary.group(6)), Double.parseDouble(summary.group(8)));
        }
        if (last == null) {
            throw new IOException("the producer tool printed no summary: " + output);
        }
        return last;
    }

    /** Reads {@code records} records from the start; MiB per second, without the time to join the group. */
    double consume(String bootstrap, String topic, long records) throws IOException, InterruptedException {
        String output = run("org.apache.kafka.tools.ConsumerPerformance",
                List.of("--topic", topic, "--num-records", "" + records, "--bootstrap-server", bootstrap, "--timeout", "60000", "--hide-header"));
        for (String line : output.split("\n")) {
            String[] fields = line.split(", ");
            if (fields.length >= 10) {
                if (Long.parseLong(fields[4].trim()) < records) {
                    throw new IOException("consumed only " + fields[4] + " of " + records + " records");
                }
                return Double.parseDouble(fields[8]);
            }
        }
        throw new IOException("the consumer tool printed no summary: " + output);
    }

    /** Reads {@code records} records with a share group of four consumers, named after the topic; MiB per second from the first consumer's start to the last record. */
    double share(String bootstrap, String topic, long records) throws IOException, InterruptedException {
        String output = run("org.apache.kafka.tools.ShareConsumerPerformance",
                List.of("--topic", topic, "--group", topic, "--num-records", "" + records, "--bootstrap-server", bootstrap, "--threads", "4", "--timeout", "60000", "--hide-header"));
        String[] fields = output.lines().filter(line -> line.split(", ").length >= 7).reduce((first, last) -> last).orElseThrow(() -> new IOException("the share consumer tool printed no summary: " + output))
                .split(", ");
        if (Long.parseLong(fields[5].trim()) < records) {
            throw new IOException("shared only " + fields[5] + " of " + records + " records: " + output);
        }
        return Double.parseDouble(fields[3]);
    }

    private String run(String tool, List<String> args) throws IOException, InterruptedException {
        Path out = layout.work().resolve("tool.out");
        List<String> command = new ArrayList<>(List.of(Layout.java(), "-Xmx512m", "-XX:+UseParallelGC", "-Dlog4j2.configurationFile=" + layout.work().resolve("log4j2.properties"),
                "-cp", layout.kafkaClassPath(), tool));
        command.addAll(args);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        if (!process.waitFor(RUN_LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException(tool + " did not end in " + RUN_LIMIT_MINUTES + " minutes: " + Files.readString(out));
        }
        String output = Files.readString(out);
        if (process.exitValue() != 0) {
            throw new IOException(tool + " failed: " + output);
        }
        return output;
    }

    /** Records of text-like bytes, a line each: made once, so that making them costs the measured run nothing. */
    private Path payload(int recordBytes) {
        Path file = layout.work().resolve("payload-" + recordBytes);
        if (!Files.exists(file)) {
            Random random = new Random(recordBytes);
            StringBuilder lines = new StringBuilder();
            for (int line = 0; line < 1000; line++) {
                for (int i = 0; i < recordBytes; i++) {
                    lines.append((char) ('a' + random.nextInt(26)));
                }
                lines.append('\n');
            }
            try {
                Files.writeString(file, lines, StandardCharsets.US_ASCII);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return file;
    }
}
