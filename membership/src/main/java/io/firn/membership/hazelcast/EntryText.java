package io.firn.membership.hazelcast;

import com.hazelcast.cp.internal.raft.impl.log.LogEntry;
import com.hazelcast.cp.internal.raft.impl.log.SnapshotEntry;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.internal.serialization.impl.HeapData;
import java.util.function.Function;

/** What the bytes of a stored entry say, without an instance. Confined to one thread. */
public final class EntryText implements Function<byte[], String>, AutoCloseable {

    private final InternalSerializationService serialization = new DefaultSerializationServiceBuilder().addDataSerializableFactory(CpSerialization.FACTORY_ID, new CpSerialization()).build();

    @Override
    public String apply(byte[] bytes) {
        try {
            LogEntry entry = serialization.toObject(new HeapData(bytes));
            return entry instanceof SnapshotEntry snapshot ? snapshot.toString(true) : String.valueOf(entry.operation());
        } catch (RuntimeException e) {
            return "cannot be read: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        serialization.dispose();
    }
}
