package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/** A reader without a broker over the bucket of a simulated cold tier, with other credentials: whatever changes it is refused. */
final class ReaderFixture {

    static final ColdPosition EARLIEST = new ColdPosition.Earliest();
    static final ColdPosition END = new ColdPosition.End();

    final SimObjectStore readable;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final ColdLogReader reader;
    private final ColdFixture cold;

    ReaderFixture(ColdFixture cold) {
        this.cold = cold;
        this.readable = cold.objects.reopened();
        this.reader = over(readable, Optional.empty());
        readable.inject(SimFault.refusing().on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE));
    }

    /** Another one. */
    ColdLogReader over(ObjectStore objects, Optional<String> cluster) {
        return ColdLogReader.open(new ColdReaderConfig("firn", cluster, CHUNK, 16 * CHUNK, 4, 4 * CHUNK, 1_000, 3), objects, cold.sim, meters, cold.sim.threads());
    }

    ColdStream stream(ColdPosition from, ColdPosition to, boolean committed) {
        return cold.await(reader.stream(PARTITION, from, to, committed));
    }

    /** Offsets of the records up to the end; what expired is noted as negative pairs. */
    List<Long> offsets(ColdStream stream) {
        List<Long> offsets = new ArrayList<>();
        for (Optional<ColdPiece> piece = cold.await(stream.next()); piece.isPresent(); piece = cold.await(stream.next())) {
            take(piece.get(), offsets);
        }
        return offsets;
    }

    static void take(ColdPiece piece, List<Long> offsets) {
        if (piece instanceof ColdPiece.Expired expired) {
            offsets.add(-expired.fromOffset());
            offsets.add(-expired.toOffset());
        } else if (piece instanceof ColdPiece.Batches batches) {
            try (batches) {
                batches.records(record -> offsets.add(record.offset()));
            }
        }
    }

    /** Reads until it fails. */
    Throwable failureOf(ColdStream stream, List<Long> offsets) {
        while (true) {
            CompletableFuture<Optional<ColdPiece>> next = stream.next();
            cold.await(next.handle((piece, failure) -> null));
            if (next.isCompletedExceptionally()) {
                return cold.failure(next);
            }
            take(next.join().orElseThrow(), offsets);
        }
    }

    static List<Long> range(long from, long to) {
        return LongStream.range(from, to).boxed().toList();
    }
}
