package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.hazelcast.Formation.Decision;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** When the CP subsystem is formed, and when never. */
class FormationTest {

    private static final Set<Integer> ALL = Set.of(1, 2, 3);
    private static final List<CpPlace> LIST = List.of(place(1), place(2), place(3));

    private static CpPlace place(int broker) {
        return new CpPlace(new UUID(0, broker), broker, "host", 7700 + broker);
    }

    private static CpAnswer answer(int broker, Set<Integer> formsWith, Stage stage, List<CpPlace> founders) {
        return new CpAnswer(place(broker), formsWith, new CpIdentity(stage, place(broker).uuid(), founders, List.of(), 0, List.of()));
    }

    private static CpAnswer candidate(int broker) {
        return answer(broker, ALL, Stage.OUTSIDE, List.of());
    }

    private static String refusal(CpAnswer... others) {
        return ((Decision.Refuse) Formation.decide(candidate(1), List.of(others))).reason();
    }

    @Test
    void itIsFormedWhenAllWhoWereToldToAreThereAndEachComesToTheSameList() {
        assertThat(Formation.decide(candidate(1), List.of(candidate(3), candidate(2)))).isEqualTo(new Decision.Found(LIST));
        assertThat(Formation.decide(candidate(3), List.of(candidate(2), candidate(1)))).isEqualTo(new Decision.Found(LIST));
    }

    @Test
    void othersThatAreThereHaveNoPartInIt() {
        CpAnswer other = answer(4, Set.of(), Stage.OUTSIDE, List.of());
        assertThat(Formation.decide(candidate(1), List.of(candidate(3), other, candidate(2)))).isEqualTo(new Decision.Found(LIST));
    }

    @Test
    void itWaitsForEveryOneAndForEachOnesOrder() {
        assertThat(Formation.decide(candidate(1), List.of(candidate(2)))).isInstanceOf(Decision.Wait.class);
        CpAnswer withoutOrder = answer(3, Set.of(), Stage.OUTSIDE, List.of());
        assertThat(((Decision.Wait) Formation.decide(candidate(1), List.of(candidate(2), withoutOrder))).reason()).contains("[3]");
    }

    @Test
    void whoCrashedOnTheWayGoesOnWithTheListThatWasFixed() {
        List<CpPlace> fixed = List.of(new CpPlace(place(1).uuid(), 1, "old", 1), place(2), place(3));
        CpAnswer founding = answer(2, Set.of(), Stage.FOUNDING, fixed);
        assertThat(Formation.decide(candidate(1), List.of(founding, candidate(3)))).isEqualTo(new Decision.Found(fixed));
    }

    @Test
    void anEmptyDiskNeverFormsASecondOne() {
        assertThat(refusal(answer(2, ALL, Stage.MEMBER, LIST), candidate(3))).contains("formed already");
        assertThat(refusal(answer(9, Set.of(), Stage.MEMBER, List.of()))).contains("formed already");
        assertThat(refusal(answer(2, ALL, Stage.FOUNDING, List.of(place(2), place(3), place(7))), candidate(3))).contains("formed already");
    }

    @Test
    void ordersThatDifferAndIdsThatAreGivenTwiceAreRefused() {
        assertThat(refusal(answer(2, Set.of(2, 3, 4), Stage.OUTSIDE, List.of()), candidate(3))).contains("was told to form");
        CpAnswer twin = new CpAnswer(new CpPlace(new UUID(5, 5), 2, "host", 9), ALL, new CpIdentity(Stage.OUTSIDE, new UUID(5, 5), List.of(), List.of(), 0, List.of()));
        assertThat(refusal(candidate(2), twin, candidate(3))).contains("same id");
    }
}
