package io.firn.hot.log;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.index.TransactionIndex;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Collects the aborted transactions of a range from the transaction indexes of its segment and the later ones, because a marker may lie far behind
 * the records. Segments without aborts cost nothing, and when no file has to be read the answer comes at once.
 *
 * <p>Threading: confined to the loop; index files are read on the I/O pool.
 */
public final class AbortSearch {

    private final LogState state;
    private final Background background;

    public AbortSearch(LogState state, Background background) {
        this.state = state;
        this.background = background;
    }

    public CompletableFuture<List<AbortedTransaction>> find(long fromOffset, long toOffset) {
        List<SealedPart> parts = state.sealed().stream().filter(part -> part.hasAborts() && part.nextOffset() > fromOffset).toList();
        List<AbortedTransaction> ofActive = new ArrayList<>();
        state.active().indexes().transactions().collect(fromOffset, toOffset, ofActive::add);
        if (parts.isEmpty()) {
            return CompletableFuture.completedFuture(ofActive);
        }
        List<SegmentFile> files = parts.stream().map(SealedPart::file).toList();
        return background.run(files, buffer -> collect(parts, ofActive, fromOffset, toOffset));
    }

    private static List<AbortedTransaction> collect(List<SealedPart> parts, List<AbortedTransaction> ofActive, long fromOffset, long toOffset) throws IOException {
        List<AbortedTransaction> found = new ArrayList<>();
        for (SealedPart part : parts) {
            TransactionIndex index = part.transactionIndex();
            if (index.collect(fromOffset, toOffset, found::add)) {
                return found;
            }
        }
        found.addAll(ofActive);
        return found;
    }
}
