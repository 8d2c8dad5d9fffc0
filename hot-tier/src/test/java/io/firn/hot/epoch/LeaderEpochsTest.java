package io.firn.hot.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.CorruptStateException;
import io.firn.hot.EpochEnd;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaderEpochsTest {

    private final LeaderEpochs epochs = LeaderEpochs.EMPTY.assign(1, 10).assign(3, 20).assign(4, 35);

    @Test
    void epochEndsWhereTheNextBegins() {
        assertThat(epochs.endOffsetFor(1, 50)).contains(new EpochEnd(1, 20));
        assertThat(epochs.endOffsetFor(3, 50)).contains(new EpochEnd(3, 35));
    }

    @Test
    void newestEpochEndsWithTheLog() {
        assertThat(epochs.endOffsetFor(4, 50)).contains(new EpochEnd(4, 50));
    }

    @Test
    void epochWithoutRecordsIsAnsweredByTheOneBefore() {
        assertThat(epochs.endOffsetFor(2, 50)).contains(new EpochEnd(1, 20));
    }

    @Test
    void epochBelowTheHistoryEndsWhereTheHistoryBegins() {
        assertThat(epochs.endOffsetFor(0, 50)).contains(new EpochEnd(0, 10));
    }

    @Test
    void unknownEpochsHaveNoEnd() {
        assertThat(epochs.endOffsetFor(5, 50)).isEmpty();
        assertThat(epochs.endOffsetFor(-1, 50)).isEmpty();
        assertThat(LeaderEpochs.EMPTY.endOffsetFor(0, 50)).isEmpty();
    }

    @Test
    void itReachesBackToEpochsThatHaveOneAtOrBelowThem() {
        assertThat(epochs.reachesBackTo(0)).isFalse();
        assertThat(epochs.reachesBackTo(1)).isTrue();
        assertThat(epochs.reachesBackTo(2)).isTrue();
        assertThat(epochs.truncateFromStart(20).reachesBackTo(2)).as("its records are gone").isFalse();
        assertThat(LeaderEpochs.EMPTY.reachesBackTo(7)).isFalse();
    }

    @Test
    void recordBelongsToTheEpochThatBeganLastBeforeIt() {
        assertThat(epochs.epochAt(9)).isEmpty();
        assertThat(epochs.epochAt(10)).hasValue(1);
        assertThat(epochs.epochAt(34)).hasValue(3);
        assertThat(epochs.epochAt(1000)).hasValue(4);
    }

    @Test
    void assigningTheNewestEpochAgainChangesNothing() {
        assertThat(epochs.assign(4, 36)).isSameAs(epochs);
    }

    @Test
    void olderValueStaysAsItWas() {
        epochs.assign(9, 60);
        epochs.truncateFromEnd(0);
        epochs.truncateFromStart(40);
        assertThat(epochs).hasToString("LeaderEpochs[1, 3, 4]@[10, 20, 35]");
    }

    @Test
    void truncationKeepsTheEpochOfTheNewStart() {
        assertThat(epochs.truncateFromStart(25)).hasToString("LeaderEpochs[3, 4]@[25, 35]");
        assertThat(epochs.truncateFromStart(5)).isSameAs(epochs);
        assertThat(epochs.truncateFromEnd(35)).hasToString("LeaderEpochs[1, 3]@[10, 20]");
        assertThat(epochs.truncateFromEnd(36)).isSameAs(epochs);
    }

    @Test
    void textIsKafkasCheckpoint() {
        assertThat(StandardCharsets.UTF_8.decode(epochs.toText()).toString()).isEqualTo("0\n3\n1 10\n3 20\n4 35\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0\n", "0\n0", "1\n0\n", "0\n1\n", "0\n1\n1 10", "0\n1\n1 10\n2 20\n", "0\n2\n1 10\n", "0\n1\n110\n", "0\n1\n1  10\n",
        "0\n1\n1 10 \n", "0\n1\n+1 10\n", "0\n1\n-1 10\n", "0\n1\n1 -10\n", "0\n2\n1 10\n1 20\n", "0\n2\n1 10\n2 10\n", "0\n2\n2 10\n1 20\n", "0\n1\n1 10\n\n",
        "0\n1\n99999999999 10\n", "0\r\n1\r\n1 10\r\n"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> LeaderEpochs.fromText(StandardCharsets.UTF_8.encode(text))).isInstanceOf(CorruptStateException.class);
    }

    @Test
    void emptyCheckpointIsAnEmptyHistory() throws CorruptStateException {
        assertThat(LeaderEpochs.fromText(ByteBuffer.wrap("0\n0\n".getBytes(StandardCharsets.UTF_8)))).isEqualTo(LeaderEpochs.EMPTY);
    }

    @Test
    void negativeEpochOrOffsetIsAProgrammersError() {
        assertThatThrownBy(() -> epochs.assign(-1, 5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> epochs.assign(5, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
