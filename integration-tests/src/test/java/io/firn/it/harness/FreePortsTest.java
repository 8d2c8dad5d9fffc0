package io.firn.it.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FreePortsTest {

    @Test
    void choosesNoPortTwiceForOneTestsBrokers() {
        assertThat(IntStream.range(0, 200).map(i -> FreePorts.next()).toArray()).doesNotHaveDuplicates();
    }
}
