package io.firn.membership.hazelcast;

import com.hazelcast.cluster.Address;
import com.hazelcast.cp.CPMember;
import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.RaftGroupId;
import com.hazelcast.cp.internal.persistence.CPMetadataStore;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.cp.CpStore;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.Collection;

/**
 * The identity as Hazelcast asks for it.
 *
 * <p>It always says that this member is no candidate for Hazelcast's own discovery of initial CP members, so that never runs: Firn forms the CP subsystem in a step of its own
 * and promotes members under names it has written down before. So the methods that would record an identity of Hazelcast's choice are never called, and stop the process if they
 * are; and so does what a reset would call.
 */
final class StoredIdentity implements CPMetadataStore {

    private final CpStore store;

    StoredIdentity(CpStore store) {
        this.store = store;
    }

    @Override
    public boolean isMarkedAPMember() {
        return true;
    }

    @Override
    public boolean tryMarkAPMember() {
        return true;
    }

    @Override
    public boolean containsLocalMemberFile() {
        return store.identity().speaks();
    }

    @Override
    public void persistLocalCPMember(CPMember member) {
        if (!store.identity().speaks() || !store.identity().uuid().equals(member.getUuid())) {
            throw refuse("Hazelcast made this process the CP member " + member.getUuid() + ", which is not its name");
        }
    }

    @Override
    public CPMember readLocalCPMember() {
        return null; // restoring goes another way
    }

    @Override
    public void persistActiveCPMembers(Collection<? extends CPMember> members, long commitIndex) throws IOException {
        store.members(members.stream().map(StoredIdentity::place).toList(), commitIndex);
    }

    @Override
    public long readActiveCPMembers(Collection<CPMember> members) throws IOException {
        for (CpPlace place : store.identity().members()) {
            members.add(info(place));
        }
        return store.identity().membersIndex();
    }

    @Override
    public void persistMetadataGroupId(RaftGroupId group) {
        throw refuse("the CP subsystem was reset");
    }

    @Override
    public RaftGroupId readMetadataGroupId() {
        return null; // it has not changed
    }

    private IllegalStateException refuse(String what) {
        IllegalStateException refusal = new IllegalStateException(what);
        store.stop(refusal);
        return refusal;
    }

    static CpPlace place(CPMember member) {
        return new CpPlace(member.getUuid(), -1, member.getAddress().getHost(), member.getAddress().getPort());
    }

    static CPMemberInfo info(CpPlace place) {
        try {
            return new CPMemberInfo(place.uuid(), new Address(place.host(), place.port()));
        } catch (UnknownHostException e) {
            // A name that is not known now: the member is found by what it says of itself when it is there.
            return new CPMemberInfo(place.uuid(), Address.createUnresolvedAddress(place.host(), place.port()));
        }
    }
}
