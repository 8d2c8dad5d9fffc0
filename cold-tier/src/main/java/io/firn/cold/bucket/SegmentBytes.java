package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The bytes of one segment, wherever they are. Reads block; for one thread. */
public interface SegmentBytes {

    String name();

    long sizeBytes();

    /** Fills {@code target}; {@link ColdStoreException} if it cannot. */
    void read(long position, ByteBuffer target);

    /** An object; {@link ColdStoreException.Missing} if it is not there. */
    static SegmentBytes ofObject(ObjectStore objects, String key) {
        StoredObject object = Waiting.on(objects.head(key)).orElseThrow(() -> new ColdStoreException.Missing("No object " + key + " in " + objects.location()));
        return new SegmentBytes() {
            @Override
            public String name() {
                return key;
            }

            @Override
            public long sizeBytes() {
                return object.sizeBytes();
            }

            @Override
            public void read(long position, ByteBuffer target) {
                Waiting.on(objects.get(key, position, target));
                target.position(target.limit());
            }
        };
    }

    /** A file: an object that was copied, or a segment of a broker's disk. Stays open until {@code channel} is closed. */
    static SegmentBytes ofFile(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        return new SegmentBytes() {
            @Override
            public String name() {
                return file.toString();
            }

            @Override
            public long sizeBytes() {
                return size;
            }

            @Override
            public void read(long position, ByteBuffer target) {
                try {
                    for (long at = position; target.hasRemaining(); ) {
                        int count = channel.read(target, at);
                        if (count < 0) {
                            throw new ColdStoreException.Corrupt(file + " ends at " + at, null);
                        }
                        at += count;
                    }
                } catch (IOException e) {
                    throw new ColdStoreException.Unavailable("Cannot read " + file + ": " + e, e);
                }
            }
        };
    }

    /** For {@link #ofFile}. */
    static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }
}
