package io.firn.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.quota.ClientQuotas.Kind;
import io.firn.gateway.rig.ManualClock;
import io.firn.membership.ClientSettings;
import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.network.Session;
import org.apache.kafka.server.config.ClientQuotaManagerConfig;
import org.apache.kafka.server.quota.ClientQuotaManager;
import org.apache.kafka.server.quota.ControllerMutationQuota;
import org.apache.kafka.server.quota.ControllerMutationQuotaManager;
import org.apache.kafka.server.quota.QuotaType;
import org.junit.jupiter.api.Test;

class ClientQuotasTest {
    private static final String USER = "ANONYMOUS";

    private final ManualClock clock = new ManualClock();
    private final Map<QuotaEntity, Map<String, Double>> quotas = new HashMap<>();
    private volatile ClusterView view = ClusterView.EMPTY;
    private final ClientQuotas counting = new ClientQuotas(() -> view, clock);

    /** @param user "*" for the default, null for none; the same for the client */
    private void limit(String user, String client, String quota, double value) {
        Map<String, Optional<String>> parts = new HashMap<>();
        Optional.ofNullable(user).ifPresent(name -> parts.put("user", Optional.of(name).filter(named -> !named.equals("*"))));
        Optional.ofNullable(client).ifPresent(name -> parts.put("client-id", Optional.of(name).filter(named -> !named.equals("*"))));
        quotas.computeIfAbsent(new QuotaEntity(parts), entity -> new HashMap<>()).put(quota, value);
        view = new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0, 0, new ClientSettings(Map.of(), quotas, Map.of()));
    }

    private double applied(String client) {
        return new QuotaTable(quotas).of(USER, client, "producer_byte_rate").map(QuotaTable.Applied::perSecond).orElse(-1.0);
    }

    @Test
    void theMostExactQuotaApplies() {
        assertThat(applied("c")).isEqualTo(-1);
        limit(null, "*", "producer_byte_rate", 8);
        assertThat(applied("c")).isEqualTo(8);
        limit(null, "c", "producer_byte_rate", 7);
        assertThat(applied("c")).isEqualTo(7);
        limit("*", null, "producer_byte_rate", 6);
        assertThat(applied("c")).isEqualTo(6);
        limit("*", "*", "producer_byte_rate", 5);
        assertThat(applied("c")).isEqualTo(5);
        limit("*", "c", "producer_byte_rate", 4);
        assertThat(applied("c")).isEqualTo(4);
        limit(USER, null, "producer_byte_rate", 3);
        assertThat(applied("c")).isEqualTo(3);
        limit(USER, "*", "producer_byte_rate", 2);
        assertThat(applied("c")).isEqualTo(2);
        limit(USER, "c", "producer_byte_rate", 1);
        limit("somebody else", "c", "producer_byte_rate", 99);
        limit(USER, "c", "consumer_byte_rate", 77);
        assertThat(applied("c")).isEqualTo(1);
        assertThat(applied("d")).isEqualTo(2);
    }

    /** Kafka's own manager, with its defaults, is asked the same at the same times. */
    @Test
    void waitingTimesAreThoseOfKafka() throws Exception {
        limit(null, "c", "producer_byte_rate", 1_000);
        long startMs = Time.SYSTEM.milliseconds();
        clock.advanceMs(startMs - clock.millis());
        Random random = new Random(7);
        try (Metrics metrics = new Metrics()) {
            ClientQuotaManager kafka = new ClientQuotaManager(new ClientQuotaManagerConfig(), metrics, QuotaType.PRODUCE, Time.SYSTEM, "test");
            try {
                kafka.updateQuota(Optional.empty(), Optional.of(new ClientQuotaManager.ClientIdEntity("c")), Optional.of(Quota.upperBound(1_000)));
                Session session = new Session(new KafkaPrincipal("User", USER), InetAddress.getLoopbackAddress());
                boolean waited = false;
                for (int i = 0; i < 2_000; i++) {
                    clock.advanceMs(random.nextInt(i % 100 == 0 ? 15_000 : 900));
                    int bytes = random.nextInt(1_200);
                    long ours = counting.charge(Kind.PRODUCE, USER, "c", bytes);
                    assertThat(ours).as("step %d", i).isEqualTo(kafka.maybeRecordAndGetThrottleTimeMs(session, "c", bytes, clock.millis()));
                    waited |= ours > 0;
                }
                assertThat(waited).isTrue();
            } finally {
                kafka.shutdown();
            }
        }
    }

    @Test
    void clientsOfADefaultAreCountedEachAndClientsOfAUserTogether() {
        limit(null, "*", "consumer_byte_rate", 1_000);
        assertThat(counting.charge(Kind.FETCH, USER, "a", 11_000)).isEqualTo(1_000);
        assertThat(counting.charge(Kind.FETCH, USER, "b", 9_000)).isZero();
        limit("*", null, "consumer_byte_rate", 1_000);
        assertThat(counting.charge(Kind.FETCH, USER, "a", 9_000)).isZero();
        assertThat(counting.charge(Kind.FETCH, USER, "b", 2_000)).isEqualTo(1_000);
        assertThat(counting.charge(Kind.PRODUCE, USER, "b", 1e9)).as("another kind").isZero();
    }

    @Test
    void nobodyWaitsLongerThanASecondForTheLoopsTime() {
        limit(null, "c", "request_percentage", 1e-6);
        assertThat(counting.charge(Kind.REQUEST, USER, "c", 50)).isEqualTo(1_000);
    }

    @Test
    void withoutQuotasNothingIsCounted() {
        assertThat(counting.any()).isFalse();
        assertThat(counting.charge(Kind.PRODUCE, USER, "c", 1e12)).isZero();
        limit(null, "c", "producer_byte_rate", 1);
        assertThat(counting.any()).isTrue();
        assertThat(counting.charge(Kind.PRODUCE, USER, "other", 1e12)).isZero();
    }

    /** Kafka's own two kinds of quota, strict and permissive, are asked the same at the same times: of the same bucket, as two versions of a request would. */
    @Test
    void debtsOfMutationsAreThoseOfKafka() throws Exception {
        limit(null, "c", "controller_mutation_rate", 2);
        Random random = new Random(11);
        try (Metrics metrics = new Metrics()) {
            ControllerMutationQuotaManager kafka = new ControllerMutationQuotaManager(new ClientQuotaManagerConfig(), metrics, new ClockTime(clock), "test", Optional.empty());
            try {
                kafka.updateQuota(Optional.empty(), Optional.of(new ClientQuotaManager.ClientIdEntity("c")), Optional.of(Quota.upperBound(2)));
                Session session = new Session(new KafkaPrincipal("User", USER), InetAddress.getLoopbackAddress());
                int refused = 0;
                int waited = 0;
                for (int i = 0; i < 2_000; i++) {
                    clock.advanceMs(random.nextInt(i % 100 == 0 ? 60_000 : 3_000));
                    boolean strict = random.nextInt(4) > 0;
                    int partitions = random.nextInt(8);
                    long ours = counting.chargeMutation(USER, "c", partitions, strict);
                    ControllerMutationQuota theirs = strict ? kafka.newStrictQuotaFor(session, "c") : kafka.newPermissiveQuotaFor(session, "c");
                    try {
                        theirs.record(partitions);
                    } catch (ThrottlingQuotaExceededException e) {
                        refused++;
                    }
                    waited += !strict && ours > 0 ? 1 : 0;
                    assertThat(ours).as("step %d", i).isEqualTo(theirs.throttleTime());
                }
                assertThat(refused).isPositive();
                assertThat(waited).isPositive();
            } finally {
                kafka.shutdown();
            }
        }
    }

    @Test
    void aDebtIsKeptWhenManyOthersCome() {
        limit(null, "*", "controller_mutation_rate", 1);
        counting.chargeMutation(USER, "indebted", 100_000, false);
        clock.advanceMs(60_000);
        for (int i = 0; i < Counts.MAX; i++) {
            counting.chargeMutation(USER, "c" + i, 1, true);
        }
        assertThat(counting.chargeMutation(USER, "indebted", 1, true)).isEqualTo((100_000 - 11 - 60) * 1_000L);
        clock.advanceMs(2_000);
        assertThat(counting.chargeMutation(USER, "new", 100, true)).as("first of the new ones, after those who have their bucket full again were forgotten").isZero();
        assertThat(counting.chargeMutation(USER, "other", 1, true)).as("on its own").isZero();
        assertThat(counting.chargeMutation(USER, "indebted", 1, true)).isPositive();
    }

    @Test
    void tooManyClientsAtOnceShareACountAndIdleOnesMakeRoom() {
        limit(null, "*", "producer_byte_rate", 1_000);
        for (int i = 0; i < Counts.MAX; i++) {
            counting.charge(Kind.PRODUCE, USER, "c" + i, 1);
        }
        assertThat(counting.charge(Kind.PRODUCE, USER, "late1", 9_000)).isZero();
        assertThat(counting.charge(Kind.PRODUCE, USER, "late2", 2_000)).as("together with late1").isEqualTo(1_000);
        assertThat(counting.charge(Kind.PRODUCE, USER, "c0", 9_000)).as("known").isZero();
        clock.advanceMs(13_000);
        assertThat(counting.charge(Kind.PRODUCE, USER, "late3", 9_000)).isZero();
        assertThat(counting.charge(Kind.PRODUCE, USER, "late4", 9_000)).as("on its own").isZero();
    }

    @Test
    void ofLongClientIdsNoMoreIsKeptThanIsNeededToTellThemApart() {
        limit(null, "*", "producer_byte_rate", 1);
        String id = "x".repeat(30_000);
        assertThat(counting.charge(Kind.PRODUCE, USER, id + "1", 100)).isPositive();
        counting.charge(Kind.PRODUCE, USER, id + "2", 100);
        assertThat(counting.counted(Kind.PRODUCE)).hasSize(2).allMatch(counted -> counted.clientId().orElseThrow().length() <= ClientQuotas.MAX_NAME + 9);
    }
}
