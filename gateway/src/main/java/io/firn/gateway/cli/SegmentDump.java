package io.firn.gateway.cli;

import io.firn.cold.BucketInspection;
import io.firn.cold.SegmentDetail;
import io.firn.gateway.ColdBucket;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code firn segment dump}: what a segment says of itself, and whether it is sound. */
@Command(name = "dump", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Prints a segment: footer, sections, leader epochs, aborted transactions.", "Exit code 1: it is damaged, as the lines that begin with DAMAGED say."})
final class SegmentDump implements Callable<Integer> {

    @Parameters(paramLabel = "SEGMENT", description = "A file, a copy of an object or a broker's .log; if there is none of that name, the key of an object of the bucket.")
    private String segment;

    @Option(names = "--batches", description = "Every batch too; reads the whole segment and checks it.")
    private boolean batches;

    @Option(names = "--records", description = "Every record too.")
    private boolean records;

    @Mixin
    private BucketOptions bucket;

    @Override
    public Integer call() {
        SegmentDetail detail = records ? SegmentDetail.RECORDS : batches ? SegmentDetail.BATCHES : SegmentDetail.SECTIONS;
        return (isFile() ? ofFile(detail, StandardOutput::line) : ofBucket(detail, StandardOutput::line)) == 0 ? Main.OK : Main.FAILED;
    }

    private boolean isFile() {
        try {
            return Files.isRegularFile(Path.of(segment));
        } catch (InvalidPathException noName) {
            return false;
        }
    }

    private int ofFile(SegmentDetail detail, Consumer<String> out) {
        try {
            return BucketInspection.dump(Path.of(segment), detail, out);
        } catch (IOException unreadable) {
            throw new CliFailure(Main.FAILED, "cannot read " + segment + ": " + unreadable);
        }
    }

    private int ofBucket(SegmentDetail detail, Consumer<String> out) {
        ColdBucket configured = bucket.bucket();
        try (BucketInspection inspection = BucketInspection.open(configured.openToRead(new SimpleMeterRegistry()), configured.prefix())) {
            return inspection.dump(segment, detail, out);
        } catch (IllegalArgumentException noKey) {
            throw new CliFailure(Main.USAGE, segment + " is neither a file nor the key of an object");
        }
    }
}
