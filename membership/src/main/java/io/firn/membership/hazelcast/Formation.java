package io.firn.membership.hazelcast;

import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Whether the CP subsystem may be formed now, and by whom. Pure.
 *
 * <p>It is formed once, by a set of brokers that were each told the whole set, and only while all of them are there and none has been a member before. So one broker with an
 * empty disk, or any number short of all of them, can never form a second one.
 */
final class Formation {

    private Formation() {}

    sealed interface Decision {

        /** Not yet. */
        record Wait(String reason) implements Decision {}

        /** By these, in the order of their names; every broker that is asked comes to the same list. */
        record Found(List<CpPlace> founders) implements Decision {}

        /** Never, without somebody looking into it. */
        record Refuse(String reason) implements Decision {}
    }

    /** @param own of this broker, which is outside @param others of all other brokers in the cluster */
    static Decision decide(CpAnswer own, List<CpAnswer> others) {
        for (CpAnswer other : others) {
            boolean withoutMe = other.founders().stream().noneMatch(place -> place.uuid().equals(own.place().uuid()));
            if (other.stage() == Stage.MEMBER || other.stage() == Stage.FOUNDING && withoutMe) {
                return new Decision.Refuse("broker " + other.place().brokerId() + " belongs to a CP subsystem that was formed already, and this broker, whose CP directory is empty, does not: "
                        + "start it without the order to form one");
            }
        }
        List<CpAnswer> founders = others.stream().filter(other -> own.formsWith().contains(other.place().brokerId())).collect(Collectors.toList());
        founders.add(own);
        for (CpAnswer founder : founders) {
            if (!founder.formsWith().isEmpty() && !founder.formsWith().equals(own.formsWith())) {
                return new Decision.Refuse("broker " + founder.place().brokerId() + " was told to form the CP subsystem with " + founder.formsWith() + ", this one with " + own.formsWith());
            }
        }
        Set<Integer> missing = new TreeSet<>(own.formsWith());
        founders.stream().filter(founder -> !founder.formsWith().isEmpty() || founder.stage() == Stage.FOUNDING).forEach(founder -> missing.remove(founder.place().brokerId()));
        if (!missing.isEmpty()) {
            return new Decision.Wait("brokers " + missing + " are not there, or were not told to take part");
        }
        if (founders.size() != own.formsWith().size()) {
            return new Decision.Refuse("two brokers have the same id: " + founders.stream().map(founder -> founder.place().brokerId() + " at " + founder.place().address()).toList());
        }
        return agreed(founders.stream().map(CpAnswer::place).sorted(Comparator.comparing(CpPlace::uuid)).toList(), founders);
    }

    private static Decision agreed(List<CpPlace> list, List<CpAnswer> founders) {
        for (CpAnswer founder : founders) {
            boolean same = founder.founders().isEmpty() || founder.founders().stream().map(CpPlace::uuid).toList().equals(list.stream().map(CpPlace::uuid).toList());
            if (!same) {
                return new Decision.Refuse("broker " + founder.place().brokerId() + " has begun to form the CP subsystem with " + founder.founders() + ", not with " + list);
            }
            if (!founder.founders().isEmpty()) {
                // Addresses count too in what is committed: the first list that was fixed is the one.
                return new Decision.Found(founder.founders());
            }
        }
        return new Decision.Found(list);
    }
}
