package io.firn.it.cp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Each way in which members may go and come back; see the package for what is proven of each. */
class CpProcessesIT {

    @TempDir
    Path directory;
    private CpCluster cluster;

    @BeforeEach
    void name(TestInfo test) throws Exception {
        cluster = new CpCluster(test.getTestMethod().orElseThrow().getName(), directory);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void aKilledMemberComesBackUnderItsOldName() throws Exception {
        cluster.form().load(1, 2, 3);
        cluster.progress(200);
        String uuid = cluster.uuid(2);
        cluster.kill9(2);
        cluster.progress(200);
        cluster.start(2).ready(2);
        assertThat(cluster.uuid(2)).isEqualTo(uuid);
        cluster.load(2);
        cluster.progress(200);
        cluster.kill9(1, 3);
        cluster.start(1, 3).ready(1, 2, 3);
        cluster.kill9(2);
        cluster.start(2).ready(2);
        cluster.checkHistory(1);
    }
}
