package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RunTest {

    private final List<Chunk> chunks = IntStream.range(4, 9).mapToObj(i -> new Chunk(ChunkAddresses.of("object", 10, i, i == 8 ? 3 : 10, 0), ByteBuffer.allocate(10))).toList();
    private final Run run = new Run(chunks);

    @Test
    void eachChunkIsClaimedOnceHoweverOftenAndInWhateverOrderItIsTold() {
        assertThat(run.claim(2)).isEqualTo(chunks.subList(0, 2));
        assertThat(run.claim(1)).as("told late").isEmpty();
        assertThat(run.claim(2)).isEmpty();
        assertThat(run.claim(3)).isEqualTo(chunks.subList(2, 3));
        assertThat(run.claim(run.size())).as("the end").isEqualTo(chunks.subList(3, 5));
        assertThat(run.claim(4)).as("told after the end").isEmpty();
    }

    @Test
    void itIsOneRangeOfTheObjectIntoABufferAChunk() {
        assertThat(run.object()).isEqualTo("object");
        assertThat(run.position()).isEqualTo(40);
        assertThat(run.targets()).extracting(ByteBuffer::remaining).containsExactly(10, 10, 10, 10, 3);
    }
}
