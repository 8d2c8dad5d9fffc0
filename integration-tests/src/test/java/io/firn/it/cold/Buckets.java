package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.s3.S3Server;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnTool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A cold tier of one of the three providers: a directory, or a bucket of an S3 server in this JVM, which keeps its objects as files. Either way the objects can be counted on the disk, by
 * nobody's word but the file system's.
 */
final class Buckets implements AutoCloseable {

    private static final Pattern REFUSED = Pattern.compile("belongs to cluster (\\S+), this one is (\\S+);");

    private final Path objects;
    private final Optional<S3Server> server;
    private final Map<String, String> settings;

    private Buckets(Path objects, Optional<S3Server> server, Map<String, String> settings) {
        this.objects = objects;
        this.server = server;
        this.settings = settings;
    }

    /** @param provider as in the setting {@code cold.provider} */
    static Buckets open(String provider, Path directory) {
        Path objects = directory.resolve("objects");
        if (provider.equals("file")) {
            return new Buckets(objects, Optional.empty(), Map.of("cold.provider", "file", "cold.file.dir", objects.toString()));
        }
        S3Server server = S3Server.start(objects);
        return new Buckets(objects, Optional.of(server), settings(provider, server, server.endpoint()));
    }

    /** Settings of a broker that reaches the server by way of another address. */
    static Map<String, String> settings(String provider, S3Server server, URI by) {
        return Map.of("cold.provider", provider, "cold.endpoint", by.toString(), "cold.bucket", server.bucket(), "cold.region", S3Server.REGION,
                "cold.access.key", S3Server.ACCESS_KEY, "cold.secret.key", S3Server.SECRET_KEY);
    }

    /** By which a broker, or a tool, finds this cold tier. */
    Map<String, String> settings() {
        return settings;
    }

    /** A broker over this cold tier that offloads and deletes as soon as it may. */
    FirnNode node(Path data, Map<String, String> more) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("retention.check.interval.ms", "100");
        all.put("cold.delete.grace.ms", "500");
        all.putAll(more);
        return FirnNode.in(data, all);
    }

    /** Has the cluster of a broker that was never started take this over. A fresh cluster may not use the bucket before it is told that the old one is gone. */
    void takeOver(FirnNode node) {
        node.begin();
        assertThat(node.process().exitCode(Duration.ofMinutes(2))).isEqualTo(2);
        Matcher refused = REFUSED.matcher(node.logText());
        assertThat(refused.find()).as(node.logText()).isTrue();
        assertThat(FirnTool.run(settings, "bucket", "takeover", "--from", "nobody", "--to", refused.group(2)).exitCode()).isEqualTo(2);
        FirnTool.run(settings, "bucket", "takeover", "--from", refused.group(1), "--to", refused.group(2)).succeeded();
    }

    /** Segment objects whose key contains {@code text}. */
    long segments(String text) {
        return count(text, ".segment");
    }

    /** Objects of any kind whose key contains {@code text}. */
    long objects(String text) {
        return count(text, "");
    }

    private long count(String text, String ending) {
        if (!Files.isDirectory(objects)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(objects)) {
            return files.filter(Files::isRegularFile).map(Path::toString).filter(name -> name.contains(text) && name.endsWith(ending)).count();
        } catch (UncheckedIOException | IOException changedMeanwhile) {
            return count(text, ending);
        }
    }

    @Override
    public void close() {
        server.ifPresent(S3Server::close);
    }
}
