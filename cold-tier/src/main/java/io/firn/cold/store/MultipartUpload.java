package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.Slots;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.store.BucketRequests.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One object sent in parts.
 *
 * <pre>
 *   create ──▶ lanes: read, checksum, send the next part … ──▶ complete ──▶ head: right size? ──▶ stored
 *      │          │ first failure: every lane stops              │ outcome unknown: head ──▶ stored, or Uncertain
 *      └──────────┴──▶ (all lanes idle) abort ──▶ failed         └─▶ refused: abort ──▶ failed
 * </pre>
 *
 * <b>Lanes.</b> All uploads of a store share its slots, one a lane. The first lane waits for its slot; further ones are opened only where one is free, before each part, and give theirs back for whoever waits. So one upload alone
 * has all slots, and while there are no more uploads than slots none waits for longer than a part of another one takes.
 *
 * <p><b>Invariants.</b> Memory: one buffer of a part's size a slot, used again for the lane's next part. Nothing is visible before {@code complete}; so any earlier failure is certain:
 * what the requests call Uncertain becomes Unavailable. The source is not read, and no buffer is in use, once the future completes: it waits for all lanes. The outcome of a
 * {@code complete} without an answer is settled by the object's size, which presumes keys that are not used again for other bytes of the same size.
 *
 * <p><b>On crash</b> the parts sent remain, invisible, until the bucket's rule for incomplete uploads removes them (see the module's README).
 *
 * <p><b>Threading.</b> Sources are read on {@code readers}; lanes run one task after the other, so lane state needs no lock. Each request is repeated by the {@link Retrier}.
 */
final class MultipartUpload {

    /** Size of every part but the last; also the largest object that goes in a single request. S3 wants at least 5 MiB. */
    static final int PART_BYTES = 20 << 20;

    private static final Logger log = LoggerFactory.getLogger(MultipartUpload.class);

    private final BucketRequests requests;
    private final Retrier retrier;
    private final Executor readers;
    private final Slots slots;
    private final String key;
    private final UploadSource source;
    private final long sizeBytes;
    private final AtomicReferenceArray<Part> parts;
    private final AtomicInteger nextPart = new AtomicInteger();
    private final AtomicInteger lanes = new AtomicInteger(1);
    private final CompletableFuture<Void> idle = new CompletableFuture<>(); // never fails; failures are in the field of this name
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    MultipartUpload(BucketRequests requests, Retrier retrier, Executor readers, Slots slots, String key, UploadSource source) {
        this.requests = requests;
        this.retrier = retrier;
        this.readers = readers;
        this.slots = slots;
        this.key = key;
        this.source = source;
        this.sizeBytes = source.sizeBytes();
        this.parts = new AtomicReferenceArray<>((int) ((sizeBytes + PART_BYTES - 1) / PART_BYTES));
    }

    /** Starts it; called once. */
    CompletableFuture<StoredObject> start() {
        return retrier.run(key, uncertain -> requests.createUpload(key)).handle((uploadId, problem) -> {
            if (problem != null) {
                return CompletableFuture.<StoredObject>failedFuture(invisible(ColdStoreException.unwrap(problem)));
            }
            slots.take().thenRun(() -> next(uploadId, Optional.empty()));
            return idle.thenCompose(sent -> finish(uploadId));
        }).thenCompose(outcome -> outcome);
    }

    /** The next step of a lane, which has a slot, and a buffer unless it has just been opened. */
    private void next(String uploadId, Optional<ByteBuffer> buffer) {
        try {
            readers.execute(() -> sendNext(uploadId, buffer));
        } catch (Throwable e) {
            failure.compareAndSet(null, new ColdStoreException.Unavailable("No thread for the upload of " + key + ", or closed during it", e));
            endLane();
        }
    }

    /** On a reader thread. */
    private void sendNext(String uploadId, Optional<ByteBuffer> given) {
        if (givesWay()) {
            slots.giveBack();
            return;
        }
        int index = failure.get() == null ? nextPart.getAndIncrement() : parts.length();
        if (index >= parts.length()) {
            endLane();
            return;
        }
        if (index + 1 < parts.length() && slots.takeIfFree()) {
            lanes.incrementAndGet();
            next(uploadId, Optional.empty());
        }
        CompletableFuture<ByteBuffer> sent;
        try {
            sent = sendPart(uploadId, index, given.orElseGet(() -> ByteBuffer.allocate(PART_BYTES)));
        } catch (Throwable e) { // no memory, too: the slot is not ours alone
            sent = CompletableFuture.failedFuture(e);
        }
        sent.whenComplete((buffer, problem) -> {
            if (problem != null) {
                failure.compareAndSet(null, ColdStoreException.unwrap(problem));
            }
            next(uploadId, Optional.ofNullable(buffer));
        });
    }

    /** Whether this lane ends because others wait for its slot, and another lane of this upload goes on. */
    private boolean givesWay() {
        return slots.wanted() && lanes.getAndUpdate(count -> count > 1 ? count - 1 : count) > 1;
    }

    private void endLane() {
        boolean last = lanes.decrementAndGet() == 0;
        slots.giveBack();
        if (last) {
            idle.complete(null);
        }
    }

    /** Gives the buffer back when the part is sent. */
    private CompletableFuture<ByteBuffer> sendPart(String uploadId, int index, ByteBuffer buffer) {
        long position = (long) index * PART_BYTES;
        buffer.clear().limit((int) Math.min(PART_BYTES, sizeBytes - position));
        SourceReading.fill(source, position, buffer);
        buffer.flip();
        String crc32 = Crc32.of(buffer);
        int number = index + 1;
        return retrier.run(key, uncertain -> requests.uploadPart(key, uploadId, number, buffer.duplicate(), crc32)).thenApply(etag -> {
            parts.set(index, new Part(number, etag, crc32));
            return buffer;
        });
    }

    private CompletableFuture<StoredObject> finish(String uploadId) {
        Throwable problem = failure.get();
        if (problem != null) {
            return abort(uploadId, invisible(problem));
        }
        List<Part> all = IntStream.range(0, parts.length()).mapToObj(parts::get).toList();
        return retrier.run(key, uncertain -> requests.completeUpload(key, uploadId, all)).handle((done, refused) -> {
            if (refused == null) {
                return stored(Optional.empty());
            }
            Throwable cause = ColdStoreException.unwrap(refused);
            return cause instanceof ColdStoreException.Uncertain ? stored(Optional.of(cause)) : abort(uploadId, cause);
        }).thenCompose(outcome -> outcome);
    }

    private CompletableFuture<StoredObject> stored(Optional<Throwable> doubt) {
        return retrier.run(key, uncertain -> requests.head(key)).handle((found, problem) -> {
            if (problem == null && found.isPresent() && found.get().sizeBytes() == sizeBytes) {
                return found.get();
            }
            if (problem == null && doubt.isEmpty()) {
                throw new ColdStoreException.Corrupt("Stored " + sizeBytes + " bytes, but found " + found + " at " + key, null);
            }
            throw new ColdStoreException.Uncertain("Cannot tell whether the upload took effect: " + key, doubt.orElse(problem));
        });
    }

    private CompletableFuture<StoredObject> abort(String uploadId, Throwable reason) {
        return retrier.run(key, uncertain -> requests.abortUpload(key, uploadId)).handle((aborted, problem) -> {
            if (problem != null && !(ColdStoreException.unwrap(problem) instanceof ColdStoreException.Missing)) {
                log.atWarn().addKeyValue("key", key).addKeyValue("error", ColdStoreException.unwrap(problem).toString()).log("Parts of a failed upload remain until the bucket's rule removes them");
            }
            return CompletableFuture.<StoredObject>failedFuture(reason);
        }).thenCompose(outcome -> outcome);
    }

    /** Before {@code complete} nothing can have become visible, whatever an answer left open: so what the last answer said counts, even if one before it was lost. */
    private Throwable invisible(Throwable problem) {
        if (problem instanceof ColdStoreException.Uncertain && problem.getCause() instanceof ColdStoreException last) {
            return invisible(last);
        }
        boolean passing = problem instanceof ColdStoreException.Uncertain || problem instanceof ColdStoreException.Missing;
        return passing ? new ColdStoreException.Unavailable("Upload failed before it was complete: " + key + ": " + problem.getMessage(), problem) : problem;
    }
}
