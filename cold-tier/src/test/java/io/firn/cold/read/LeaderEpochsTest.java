package io.firn.cold.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import org.junit.jupiter.api.Test;

class LeaderEpochsTest {

    @Test
    void theEpochOfAnOffsetIsTheLastOneThatBeganAtOrBeforeIt() {
        LeaderEpochs epochs = LeaderEpochs.parse("0\n2\n1 10\n4 20\n");
        assertThat(epochs.at(9)).isEmpty();
        assertThat(epochs.at(10)).hasValue(1);
        assertThat(epochs.at(19)).hasValue(1);
        assertThat(epochs.at(20)).hasValue(4);
        assertThat(LeaderEpochs.parse("0\n0\n").at(5)).isEmpty();
    }

    @Test
    void anythingElseThanTheFormatIsCorrupt() {
        for (String text : new String[] {"", "0", "1\n0\n", "0\n2\n1 10\n", "0\n1\nx 10\n", "0\n1\n10\n", "0\nx\n"}) {
            assertThatThrownBy(() -> LeaderEpochs.parse(text)).as(text).isInstanceOf(ColdStoreException.Corrupt.class);
        }
    }
}
