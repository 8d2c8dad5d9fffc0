package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ViewFeedTest {

    @TempDir
    private Path directory;

    /** From a version to a version. */
    private record Step(long from, long to) {}

    @Test
    void changesBeginWhereTheFirstViewEndsAndLeaveNothingOutWhateverHappensMeanwhile() {
        List<Step> steps = Collections.synchronizedList(new ArrayList<>());
        try (Metadata metadata = Metadata.openSingleBroker(directory.resolve("m"), InstantSource.system(), new Random(1))) {
            metadata.submit(new Command.AllocateProducerIds(1)).join();
            long[] first = new long[1];
            String begun = ViewFeed.start(metadata, view -> {
                first[0] = view.version();
                for (int i = 0; i < 20; i++) { // while whoever begins is busy with the first view
                    metadata.submit(new Command.AllocateProducerIds(1)).join();
                }
                assertThat(steps).as("one call at a time").isEmpty();
                return "begun";
            }, (before, after) -> steps.add(new Step(before.version(), after.version())));
            assertThat(begun).isEqualTo("begun");
            ClusterView last = null;
            for (int i = 0; i < 20; i++) {
                last = metadata.submit(new Command.AllocateProducerIds(1)).join();
            }
            assertThat(steps.get(0).from()).isEqualTo(first[0]);
            for (int i = 1; i < steps.size(); i++) {
                assertThat(steps.get(i).from()).isEqualTo(steps.get(i - 1).to());
            }
            assertThat(steps.get(steps.size() - 1).to()).isEqualTo(last.version());
        }
    }
}
