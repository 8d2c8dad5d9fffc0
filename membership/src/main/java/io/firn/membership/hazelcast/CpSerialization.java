package io.firn.membership.hazelcast;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/**
 * Gives this package's own operations and messages numbers, which is what stands in Raft logs and on the wire instead of class names. A number never gets another meaning.
 * Immutable.
 */
final class CpSerialization implements DataSerializableFactory {

    static final int FACTORY_ID = 0x4652; // "FR"
    static final int ADDRESS_CHANGED = 1;
    static final int COMMIT_INDEX = 2;
    static final int QUESTION = 3;
    static final int ANSWER = 4;

    @Override
    public IdentifiedDataSerializable create(int type) {
        return switch (type) {
            case ADDRESS_CHANGED -> new AddressChangedOp();
            case COMMIT_INDEX -> new CommitIndexOp();
            case QUESTION -> new CpQuestion();
            case ANSWER -> new CpAnswer();
            default -> throw new IllegalArgumentException("there is no operation or message " + type + " in this version of Firn");
        };
    }
}
