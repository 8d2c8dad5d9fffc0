package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.hazelcast.Seat.Decision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who gets whose vote. Members listen at h1, h2, ..., and their names end in their brokers' ids. */
class SeatTest {

    private static final Set<Integer> VOTERS = Set.of(1, 2, 3);

    private static CpPlace place(int number, int broker) {
        return new CpPlace(new UUID(0, number), broker, "h" + broker, 5701);
    }

    private static CpPlace listed(int broker) {
        return new CpPlace(new UUID(0, broker), -1, "h" + broker, 5701);
    }

    private static CpAnswer answer(CpPlace place, Stage stage, CpPlace... founders) {
        return new CpAnswer(place, Set.of(), new CpIdentity(stage, place.uuid(), List.of(founders), List.of(), 0, List.of()));
    }

    private static final CpPlace[] FOUNDERS = {place(1, 1), place(2, 2), place(3, 3)};

    private static List<CpAnswer> others(int... members) {
        List<CpAnswer> answers = new ArrayList<>();
        for (int member : members) {
            answers.add(answer(place(member, member), Stage.MEMBER, FOUNDERS));
        }
        return answers;
    }

    private static final List<CpPlace> ALL = List.of(listed(1), listed(2), listed(3));

    @Test
    void aBrokerThatLostItsDirectoryTakesItsFormerPlace() {
        assertThat(Seat.decide(place(91, 1), VOTERS, ALL, others(2, 3))).isEqualTo(new Decision.Take(Optional.of(new UUID(0, 1))));
        CpPlace moved = new CpPlace(new UUID(0, 91), 1, "elsewhere", 5701);
        assertThat(Seat.decide(moved, VOTERS, ALL, others(2, 3))).as("known by its id").isEqualTo(new Decision.Take(Optional.of(new UUID(0, 1))));
    }

    @Test
    void withoutAnybodyWhoRemembersTheAddressTells() {
        List<CpAnswer> forgetful = List.of(answer(place(2, 2), Stage.MEMBER), answer(place(3, 3), Stage.MEMBER));
        assertThat(Seat.decide(place(91, 1), VOTERS, ALL, forgetful)).isEqualTo(new Decision.Take(Optional.of(new UUID(0, 1))));
        CpPlace moved = new CpPlace(new UUID(0, 91), 1, "elsewhere", 5701);
        assertThat(Seat.decide(moved, VOTERS, ALL, forgetful)).isInstanceOf(Decision.Wait.class);
    }

    @Test
    void aMemberThatIsOnlyDownIsWaitedFor() {
        assertThat(Seat.decide(place(91, 1), VOTERS, ALL, others(2))).isEqualTo(new Decision.Wait("the CP member at h3:5701 has to be there"));
    }

    @Test
    void aFreePlaceIsTakenFromNobody() {
        assertThat(Seat.decide(place(91, 1), VOTERS, List.of(listed(2), listed(3)), others(2, 3))).isEqualTo(new Decision.Take(Optional.empty()));
    }

    @Test
    void aNewVoterTakesThePlaceOfTheOneThatIsNoVoterAnyMore() {
        List<CpAnswer> others = others(1, 2, 3);
        assertThat(Seat.decide(place(4, 4), Set.of(1, 2, 4), ALL, others)).isEqualTo(new Decision.Take(Optional.of(new UUID(0, 3))));
        assertThat(Seat.decide(place(4, 4), Set.of(1, 2, 4), ALL, others(2, 3))).as("a voter is down").isInstanceOf(Decision.Wait.class);
    }

    @Test
    void nobodyTakesThePlaceOfAMemberThatSpeaks() {
        CpPlace rival = new CpPlace(new UUID(0, 91), 1, "h1", 5702);
        assertThat(Seat.decide(rival, VOTERS, ALL, others(1, 2, 3))).isInstanceOf(Decision.Wait.class);
    }

    @Test
    void ofTwoThatLostTheirDirectoriesTheLowerIdGoesFirst() {
        Set<Integer> five = Set.of(1, 2, 3, 4, 5);
        List<CpPlace> members = List.of(listed(1), listed(2), listed(3), listed(4), listed(5));
        CpPlace[] founders = {place(1, 1), place(2, 2), place(3, 3), place(4, 4), place(5, 5)};
        List<CpAnswer> sound = List.of(answer(place(3, 3), Stage.MEMBER, founders), answer(place(4, 4), Stage.MEMBER, founders), answer(place(5, 5), Stage.MEMBER, founders));
        List<CpAnswer> withSecond = new ArrayList<>(sound);
        withSecond.add(answer(place(92, 2), Stage.OUTSIDE));
        List<CpAnswer> withFirst = new ArrayList<>(sound);
        withFirst.add(answer(place(91, 1), Stage.OUTSIDE));
        assertThat(Seat.decide(place(91, 1), five, members, withSecond)).isEqualTo(new Decision.Take(Optional.of(new UUID(0, 1))));
        assertThat(Seat.decide(place(92, 2), five, members, withFirst)).isInstanceOf(Decision.Wait.class);
    }
}
