package io.firn.membership.hazelcast;

import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.IndeterminateOperationStateAware;
import com.hazelcast.cp.internal.MetadataRaftGroupManager;
import com.hazelcast.cp.internal.raftop.metadata.MetadataRaftGroupOp;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;

/**
 * Committed in the group METADATA: a member listens at another address now. Hazelcast has the change and no operation for it.
 *
 * <p>It stands in Raft logs, so its bytes are a format. Idempotent. Effectively immutable.
 */
final class AddressChangedOp extends MetadataRaftGroupOp implements IndeterminateOperationStateAware, IdentifiedDataSerializable {

    private CPMemberInfo member;

    /** For deserialization. */
    AddressChangedOp() {}

    AddressChangedOp(CPMemberInfo member) {
        this.member = member;
    }

    @Override
    public Object run(MetadataRaftGroupManager metadata, long commitIndex) {
        metadata.verifyRestartedMember(commitIndex, member);
        return null;
    }

    @Override
    public boolean isRetryableOnIndeterminateOperationState() {
        return true;
    }

    @Override
    public int getFactoryId() {
        return CpSerialization.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return CpSerialization.ADDRESS_CHANGED;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeObject(member);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        member = in.readObject();
    }

    @Override
    protected void toString(StringBuilder to) {
        to.append(", member=").append(member);
    }
}
