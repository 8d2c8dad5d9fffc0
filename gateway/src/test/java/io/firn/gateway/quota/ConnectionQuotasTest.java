package io.firn.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.ManualClock;
import io.firn.membership.ClientSettings;
import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class ConnectionQuotasTest {
    private final ManualClock clock = new ManualClock();
    private final Map<QuotaEntity, Map<String, Double>> quotas = new HashMap<>();
    private final Queue<Runnable> resolving = new ArrayDeque<>();
    private ClusterView view = ClusterView.EMPTY;
    private final ConnectionQuotas counting = new ConnectionQuotas(() -> view, clock, resolving::add);

    /** @param host null for the default */
    private void limit(String host, Optional<Double> perSecond) {
        QuotaEntity entity = new QuotaEntity(Map.of(QuotaEntity.IP, Optional.ofNullable(host)));
        perSecond.ifPresentOrElse(value -> quotas.put(entity, Map.of("connection_creation_rate", value)), () -> quotas.remove(entity));
        view = new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0, 0, new ClientSettings(Map.of(), Map.copyOf(quotas), Map.of()));
        counting.changed();
    }

    private void resolve() {
        while (!resolving.isEmpty()) {
            resolving.remove().run();
        }
    }

    private static InetAddress address(int last) {
        try {
            return InetAddress.getByAddress(new byte[] {10, 0, (byte) (last >> 8), (byte) last});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** How many connections are let in before the first that is not. */
    private int admitted(InetAddress address) {
        int admitted = 0;
        while (admitted < 1_000 && counting.waitMs(address) == 0) {
            admitted++;
        }
        return admitted;
    }

    @Test
    void anAddressMayOpenSoManyConnectionsOnAverageAndIsThenSentAway() {
        limit("10.0.0.1", Optional.of(2.0));
        resolve();
        assertThat(admitted(address(1))).isEqualTo(20);
        assertThat(counting.waitMs(address(1))).isBetween(1L, ConnectionQuotas.MAX_WAIT_MS);
        assertThat(admitted(address(2))).as("nobody said anything of it").isEqualTo(1_000);
        clock.advanceMs(12_000);
        assertThat(admitted(address(1))).as("those sent away were not counted").isEqualTo(20);
    }

    @Test
    void aQuotaOfItsOwnGoesBeforeThatOfAllOthers() {
        limit(null, Optional.of(1.0));
        limit("10.0.0.1", Optional.of(5.0));
        resolve();
        assertThat(admitted(address(1))).isEqualTo(50);
        assertThat(admitted(address(2))).isEqualTo(10);
        assertThat(admitted(address(3))).as("each on its own").isEqualTo(10);
        limit(null, Optional.empty());
        resolve();
        assertThat(admitted(address(2))).isEqualTo(1_000);
    }

    @Test
    void hostNamesAreResolvedElsewhereAndOneThatIsUnknownLeavesTheOthersInForce() throws Exception {
        limit("no-such-host.invalid", Optional.of(1.0));
        limit("localhost", Optional.of(1.0));
        assertThat(admitted(InetAddress.getByName("localhost"))).as("not resolved on the caller's thread").isEqualTo(1_000);
        resolve();
        assertThat(admitted(InetAddress.getByName("localhost"))).isEqualTo(10);
    }

    @Test
    void nothingIsResolvedAgainUntilQuotasChange() {
        limit(null, Optional.of(1.0));
        resolve();
        counting.changed();
        assertThat(resolving).isEmpty();
    }

    @Test
    void tooManyAddressesAtOnceShareACount() {
        limit(null, Optional.of(1.0));
        resolve();
        for (int i = 0; i < Counts.MAX; i++) {
            assertThat(counting.waitMs(address(i))).isZero();
        }
        assertThat(admitted(address(20_000)) + admitted(address(20_001))).isEqualTo(10);
        clock.advanceMs(13_000);
        assertThat(admitted(address(20_002))).isEqualTo(10);
        assertThat(admitted(address(20_003))).as("on its own").isEqualTo(10);
    }
}
