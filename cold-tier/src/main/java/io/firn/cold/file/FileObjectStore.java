package io.firn.cold.file;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectKeys;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects as plain files: the key is the path ({@link KeyPaths}). Several processes may share the directory, if its file system has hard links and
 * atomic renames (any local one, and NFS).
 *
 * <p><b>Writing</b>: the bytes go to a temporary file, which is forced; then a hard link (create only if absent: the file system picks the one winner) or
 * a rename (replace) makes it visible, and the directory, with each newly made parent, is forced. Only then the write has succeeded.
 *
 * <p><b>On crash</b>, at any point: the object is there whole or not at all, since its bytes were forced before it got its name. What remains is
 * at most a temporary file ({@link TempSpace} sweeps it) and an empty directory (invisible to readers).
 *
 * <p><b>Errors</b>: what fails before the link or rename is {@link ColdStoreException.Unavailable} and nothing has happened; from there on it is
 * {@link ColdStoreException.Uncertain}. A failed force is never repeated on the same file: a new attempt writes a new one.
 *
 * <p><b>Threading</b>: thread-safe; all work on an own pool of fixed size with a queue of {@value #QUEUE_LIMIT} requests, beyond which requests fail as Unavailable. {@code a} and
 * {@code a/b} cannot both be objects: the second is refused as {@link ColdStoreException.Misconfigured}.
 */
public final class FileObjectStore implements ObjectStore {

    /** Most requests that wait for a thread. */
    static final int QUEUE_LIMIT = 10_000;

    /** Direct memory that a thread of the store keeps at most: what goes to or from the heap at once. */
    public static final int THREAD_BYTES = 1 << 20;

    private static final long CLOSE_LIMIT_MS = 5_000;

    private static final Logger log = LoggerFactory.getLogger(FileObjectStore.class);

    private final Path root;
    /** Absent in a store that is only read. */
    private final Optional<TempSpace> temp;
    private final ObjectFiles files;
    private final ThreadPoolExecutor pool;

    private FileObjectStore(Path root, Optional<TempSpace> temp, ThreadPoolExecutor pool) {
        this.root = root;
        this.temp = temp;
        this.files = new ObjectFiles(root, this::present, () -> temp.orElseThrow(() -> new ColdStoreException.Misconfigured(location() + " was opened to be read only", null)).newFile());
        this.pool = pool;
    }

    /**
     * Opens the store, making the directory if there is none. Blocks for some file operations.
     *
     * @throws ColdStoreException.Misconfigured the directory cannot be made or written
     */
    public static FileObjectStore open(Path directory, int threads) {
        try {
            Path root = Files.createDirectories(directory).toRealPath();
            return new FileObjectStore(root, Optional.of(TempSpace.open(root)), pool(threads));
        } catch (IOException e) {
            throw new ColdStoreException.Misconfigured("Cannot use " + directory + " as object store: " + e, e);
        }
    }

    /**
     * Opens a store that is there already, to read it: makes and deletes nothing in its directory, not even temporary files. Creates and replacements fail as Misconfigured.
     *
     * @throws ColdStoreException.Misconfigured there is no such directory, or it cannot be read
     */
    public static FileObjectStore openToRead(Path directory, int threads) {
        try {
            Path root = directory.toRealPath();
            if (!Files.isDirectory(root)) {
                throw new ColdStoreException.Misconfigured(directory + " is no directory", null);
            }
            return new FileObjectStore(root, Optional.empty(), pool(threads));
        } catch (IOException e) {
            throw new ColdStoreException.Misconfigured("Cannot read " + directory + " as object store: " + e, e);
        }
    }

    private static ThreadPoolExecutor pool(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE_LIMIT),
                work -> new Thread(work, "cold-file-" + number.getAndIncrement()));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        ObjectKeys.checked(key);
        if (bytes.remaining() > SMALL_OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Small object of " + bytes.remaining() + " bytes: " + key);
        }
        UploadSource source = UploadSource.of(bytes);
        return submit(key, () -> files.create(key, source) ? PutOutcome.CREATED : PutOutcome.EXISTED);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        ObjectKeys.checked(key);
        if (source.sizeBytes() > OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Object of " + source.sizeBytes() + " bytes: " + key);
        }
        return submit(key, () -> files.replace(key, source));
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return get(key, from, targets, full -> {});
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        ObjectKeys.checked(key);
        if (from < 0) {
            throw new IllegalArgumentException("Range from " + from);
        }
        List<ByteBuffer> views = targets.stream().map(ByteBuffer::duplicate).toList();
        return views.stream().noneMatch(ByteBuffer::hasRemaining) ? CompletableFuture.completedFuture(null) : submit(key, () -> read(key, from, views, progress));
    }

    private Void read(String key, long from, List<ByteBuffer> targets, Progress progress) throws IOException {
        long wanted = targets.stream().mapToLong(ByteBuffer::remaining).sum();
        try (FileChannel channel = open(key)) {
            requireRange(key, from, wanted, channel.size());
            long position = from;
            for (int i = 0; i < targets.size(); i++) {
                position += readFully(key, channel, position, targets.get(i));
                progress.full(i + 1);
            }
        }
        return null;
    }

    /** The file is whole and stays as it is while open, also when the object is replaced or deleted. */
    private FileChannel open(String key) throws IOException {
        if (files.attributes(key).isEmpty()) {
            throw new ColdStoreException.Missing("No object " + key + " in " + location());
        }
        return FileChannel.open(KeyPaths.path(root, key), StandardOpenOption.READ);
    }

    /** A buffer on the heap is filled piece by piece: the JDK reads into direct memory first, and keeps as much of that for the thread as it was asked for at once. */
    private static int readFully(String key, FileChannel channel, long from, ByteBuffer target) throws IOException {
        int wanted = target.remaining();
        int end = target.limit();
        long position = from;
        while (target.position() < end) {
            target.limit(target.isDirect() ? end : Math.min(end, target.position() + THREAD_BYTES));
            int count = channel.read(target, position);
            if (count < 0) {
                throw new IOException("File ends at " + position + " while being read: " + key);
            }
            position += count;
        }
        return wanted;
    }

    private static void requireRange(String key, long from, long length, long size) {
        if (length > size - from) {
            throw new ColdStoreException.Corrupt("Range " + from + "+" + length + " beyond the end of an object of " + size + " bytes: " + key, null);
        }
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        ObjectKeys.checked(key);
        return submit(key, () -> readSmall(key));
    }

    private ByteBuffer readSmall(String key) throws IOException {
        try (FileChannel channel = open(key)) {
            long size = channel.size();
            if (size > SMALL_OBJECT_LIMIT_BYTES) {
                throw new ColdStoreException.Corrupt("Object of " + size + " bytes is not small: " + key, null);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            readFully(key, channel, 0, bytes);
            return bytes.flip().asReadOnlyBuffer();
        }
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        ObjectKeys.checked(key);
        return submit(key, () -> files.attributes(key).map(found -> new StoredObject(key, found.size(), found.lastModifiedTime().toMillis())));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        ObjectKeys.checkedPrefix(prefix);
        ObjectKeys.checkedPrefix(startAfter);
        if (maxKeys < 1 || maxKeys > LIST_LIMIT_KEYS) {
            throw new IllegalArgumentException("maxKeys " + maxKeys);
        }
        return submit(prefix, () -> listPage(prefix, startAfter, maxKeys));
    }

    private ObjectPage listPage(String prefix, String startAfter, int maxKeys) throws IOException {
        ObjectPage page = FileListing.page(root, prefix, startAfter, maxKeys);
        files.requireRoot();
        return page;
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return deleteAll(List.of(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        List<String> checked = keys.stream().map(ObjectKeys::checked).toList();
        return submit(location(), () -> files.delete(checked));
    }

    @Override
    public String location() {
        return "file:" + root;
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    private <T> CompletableFuture<T> submit(String about, Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            pool.execute(() -> run(about, work, result));
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new ColdStoreException.Unavailable(location() + " is closed or has too many requests waiting", e));
        }
        return result;
    }

    private <T> void run(String about, Work<T> work, CompletableFuture<T> result) {
        if (pool.isShutdown()) {
            result.completeExceptionally(new ColdStoreException.Unavailable(location() + " is closed", null));
            return;
        }
        T value;
        try {
            value = work.run();
        } catch (IOException e) {
            result.completeExceptionally(translate(about, e));
            return;
        } catch (Throwable t) {
            result.completeExceptionally(t);
            return;
        }
        result.complete(value);
    }

    private boolean present() {
        return temp.map(TempSpace::present).orElseGet(() -> Files.isDirectory(root));
    }

    private ColdStoreException translate(String about, IOException e) {
        if (!present()) {
            return new ColdStoreException.Unavailable("The directory of " + location() + " was removed or unmounted", e);
        }
        if (e instanceof NoSuchFileException) {
            return new ColdStoreException.Missing("No object " + about + " in " + location());
        }
        if (e instanceof AccessDeniedException || e instanceof FileAlreadyExistsException) {
            return new ColdStoreException.Misconfigured("Cannot use " + about + " in " + location() + ": " + e, e);
        }
        return new ColdStoreException.Unavailable("Failed on " + about + " in " + location() + ": " + e, e);
    }

    @Override
    public void close() {
        if (pool.isShutdown()) {
            return;
        }
        pool.shutdown();
        try {
            if (!pool.awaitTermination(CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS)) {
                log.atWarn().addKeyValue("store", location()).log("Closed the object store while requests were still running");
                return; // their temporary files stay locked until the process ends, and are swept at the next start
            }
            if (temp.isPresent()) {
                temp.get().close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.atWarn().addKeyValue("store", location()).setCause(e).log("Could not remove the temporary directory; the next start will");
        }
    }
}
