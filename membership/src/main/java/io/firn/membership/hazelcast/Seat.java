package io.firn.membership.hazelcast;

import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * How a broker that should vote and does not gets its vote: whose place it takes, or for what it has to wait. Pure.
 *
 * <p>It has lost its directory, or it is named as a voter in another one's place. A member is given up only if it is known to be this broker's own former one (by its id, or by its address), or that of a broker which is not to vote any more. Every other
 * member must be there: an empty voter is added only while the others have everything, and one after the other, the lowest id first.
 */
final class Seat {

    private Seat() {}

    sealed interface Decision {

        /** Become a member, after {@code former} was removed, if there is one. */
        record Take(Optional<UUID> former) implements Decision {}

        record Wait(String reason) implements Decision {}
    }

    /**
     * @param own of this broker, which is outside
     * @param voters ids of the brokers that are to vote
     * @param members of the CP subsystem as of now
     * @param others what all other brokers say of themselves
     */
    static Decision decide(CpPlace own, Set<Integer> voters, List<CpPlace> members, List<CpAnswer> others) {
        Map<UUID, Integer> brokers = new HashMap<>();
        Set<UUID> there = new HashSet<>();
        Set<Integer> outside = new HashSet<>();
        for (CpAnswer other : others) {
            other.founders().forEach(founder -> brokers.put(founder.uuid(), founder.brokerId()));
            brokers.put(other.place().uuid(), other.place().brokerId());
            if (other.stage() == Stage.MEMBER) {
                there.add(other.place().uuid());
            } else {
                outside.add(other.place().brokerId());
            }
        }
        Optional<CpPlace> former = members.stream().filter(member -> isFormer(member, own, brokers, there)).findFirst()
                .or(() -> members.stream().filter(member -> brokers.containsKey(member.uuid()) && !voters.contains(brokers.get(member.uuid()))).findFirst());
        if (former.isEmpty() && members.size() >= voters.size()) {
            return new Decision.Wait("it is not known which of the CP members this broker's place was: " + members.stream().map(CpPlace::address).toList());
        }
        for (CpPlace member : members) {
            int broker = brokers.getOrDefault(member.uuid(), -1);
            boolean later = outside.contains(broker) && broker > own.brokerId();
            if (!there.contains(member.uuid()) && !member.equals(former.orElse(null)) && !later) {
                return new Decision.Wait("the CP member at " + member.address() + " has to be there");
            }
        }
        return new Decision.Take(former.map(CpPlace::uuid));
    }

    /** A member that speaks is somebody else's, whatever its address was. */
    private static boolean isFormer(CpPlace member, CpPlace own, Map<UUID, Integer> brokers, Set<UUID> there) {
        boolean sameBroker = brokers.getOrDefault(member.uuid(), -1) == own.brokerId();
        return !there.contains(member.uuid()) && (sameBroker || !brokers.containsKey(member.uuid()) && member.address().equals(own.address()));
    }
}
