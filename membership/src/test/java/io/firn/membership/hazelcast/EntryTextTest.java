package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.cluster.Address;
import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.raft.impl.log.LogEntry;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Stored entries are read without an instance, Firn's own operations too, which are stored under their numbers. */
class EntryTextTest {

    private static byte[] stored(Object operation) {
        InternalSerializationService serialization = new DefaultSerializationServiceBuilder().addDataSerializableFactory(CpSerialization.FACTORY_ID, new CpSerialization()).build();
        byte[] bytes = serialization.toBytes(new LogEntry(1, 2, operation));
        assertThat(new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1)).doesNotContain("firn");
        return bytes;
    }

    @Test
    void operationsAreToldByNameWithWhatTheySay() throws Exception {
        try (EntryText text = new EntryText()) {
            assertThat(text.apply(stored(new AddressChangedOp(new CPMemberInfo(new UUID(1, 2), new Address("127.0.0.1", 7701)))))).contains("AddressChangedOp", "7701");
            assertThat(text.apply(stored(new CommitIndexOp()))).contains("CommitIndexOp");
        }
    }

    @Test
    void bytesThatCannotBeReadAreNoReasonToStop() {
        try (EntryText text = new EntryText()) {
            assertThat(text.apply(new byte[] {0, 0, 0, 0, 0, 0, 0, 99, 1})).startsWith("cannot be read");
        }
    }
}
