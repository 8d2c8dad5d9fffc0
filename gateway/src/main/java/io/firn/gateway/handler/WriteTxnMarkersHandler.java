package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.transaction.EndMarker;
import io.firn.gateway.transaction.MarkerSender;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.common.requests.WriteTxnMarkersRequest;
import org.apache.kafka.common.requests.WriteTxnMarkersRequest.TxnMarkerEntry;
import org.apache.kafka.common.requests.WriteTxnMarkersResponse;

/**
 * WriteTxnMarkers: markers from a coordinator elsewhere, or from an administrator who aborts a hanging transaction.
 *
 * <p>Thread-safe: no state of its own.
 */
final class WriteTxnMarkersHandler implements ApiHandler {
    private final MarkerSender markers;

    /** @param markers into partitions that this broker leads */
    WriteTxnMarkersHandler(MarkerSender markers) {
        this.markers = markers;
    }

    @Override
    public void handle(Request request) {
        List<TxnMarkerEntry> entries = ((WriteTxnMarkersRequest) request.body()).markers();
        List<CompletableFuture<Map<TopicPartition, Errors>>> written = entries.stream().map(entry -> markers.send(marker(entry))).toList();
        Gather.answer(request, Gather.all(written).thenApply(answers -> {
            Map<Long, Map<TopicPartition, Errors>> byProducer = new HashMap<>();
            for (int i = 0; i < entries.size(); i++) {
                byProducer.computeIfAbsent(entries.get(i).producerId(), id -> new HashMap<>()).putAll(answers.get(i));
            }
            return new WriteTxnMarkersResponse(byProducer).data();
        }));
    }

    private static EndMarker marker(TxnMarkerEntry entry) {
        return new EndMarker(entry.producerId(), entry.producerEpoch(), entry.coordinatorEpoch(), entry.transactionResult() == TransactionResult.COMMIT, entry.transactionVersion(),
                new HashSet<>(entry.partitions()));
    }
}
