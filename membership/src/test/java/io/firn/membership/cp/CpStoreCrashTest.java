package io.firn.membership.cp;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Seeds;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * Power losses under a log that is driven as Raft drives it, two groups at a time, at every operation of the disk. After each, a group is what it was at its last completed force, or what the
 * call that was cut off would have made of it; never anything else. A force that is left out, or a rename that is not made durable, fails it.
 */
class CpStoreCrashTest {

    private static final UUID OTHER = new UUID(7, 7);
    private static final int CALLS = 60;

    /** One group as its caller knows it. */
    private static final class Driver {
        private final CpGroup group;
        private final RandomGenerator random;
        private GroupLog log;
        private String durable = "";
        private List<String> possible = new ArrayList<>();
        private int term;
        private boolean voted;
        private long last;
        private int lastTerm;
        private long snapshot;

        Driver(CpGroup group, RandomGenerator random) {
            this.group = group;
            this.random = random;
        }

        void takeOver(GroupLog restored) {
            log = restored;
            term = restored.term().term();
            voted = restored.term().vote().isPresent();
            snapshot = restored.snapshot().map(GroupRecord.Snapshot::index).orElse(0L);
            last = snapshot + restored.entries().size();
            lastTerm = restored.entries().isEmpty() ? restored.snapshot().map(GroupRecord.Snapshot::term).orElse(0) : restored.entries().get(restored.entries().size() - 1).term();
            settle();
        }

        void settle() {
            durable = text(log);
            possible = new ArrayList<>(List.of(durable));
        }

        void call() throws IOException {
            switch (random.nextInt(10)) {
                case 0 -> {
                    term++;
                    voted = random.nextBoolean();
                    forcing(() -> log.term(term, voted ? Optional.of(OTHER) : Optional.empty()));
                }
                case 1 -> {
                    if (!voted && term > 0) {
                        voted = true;
                        forcing(() -> log.term(term, Optional.of(OTHER)));
                    }
                }
                case 2 -> {
                    if (last > snapshot) {
                        int upTo = random.nextInt((int) (last - snapshot));
                        GroupRecord.Entry entry = log.entries().get(upTo);
                        snapshot = entry.index();
                        log.snapshot(snapshot, entry.term(), bytes());
                    }
                }
                case 3 -> {
                    if (last > snapshot) {
                        last = snapshot + random.nextInt((int) (last - snapshot));
                        log.cut(last + 1);
                    }
                }
                case 4, 5, 6 -> {
                    lastTerm = Math.max(term, lastTerm);
                    log.entry(++last, lastTerm, bytes());
                }
                default -> forcing(log::flush);
            }
        }

        private void forcing(Call call) throws IOException {
            try {
                call.run();
                settle();
            } catch (IOException e) {
                possible.add(text(log));
                throw e;
            }
        }

        private byte[] bytes() {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            return bytes;
        }
    }

    private interface Call {
        void run() throws IOException;
    }

    private static String text(GroupLog log) {
        HexFormat hex = HexFormat.of();
        StringBuilder text = new StringBuilder(log.members() + " " + log.term());
        log.snapshot().ifPresent(snapshot -> text.append(" S").append(snapshot.index()).append('/').append(snapshot.term()).append(hex.formatHex(snapshot.bytes())));
        log.entries().forEach(entry -> text.append(" E").append(entry.index()).append('/').append(entry.term()).append(hex.formatHex(entry.bytes())));
        return text.toString();
    }

    @Test
    void aGroupIsAlwaysWhatItWasAtItsLastForceOrAfterTheOneThatWasCutOff() {
        Seeds.forEach(400, this::life);
    }

    private void life(long seed) throws Exception {
        RandomGenerator random = Seeds.random(seed);
        SimFolder folder = new SimFolder(random);
        CpStore store = CpStore.open(folder, cause -> { });
        store.becomeMember();
        UUID own = store.identity().uuid();
        List<Driver> drivers = List.of(new Driver(new CpGroup("METADATA", 0, 0), random), new Driver(new CpGroup("default", 0, 1), random));
        for (Driver driver : drivers) {
            driver.log = store.log(driver.group, false);
            driver.log.open();
            driver.log.begin(own, List.of(own, OTHER));
            driver.settle();
        }
        for (int outage = 0; outage < 4; outage++) {
            folder.crashAt(1 + random.nextInt(50));
            try {
                for (int call = 0; call < CALLS; call++) {
                    drivers.get(random.nextInt(2)).call();
                }
            } catch (IOException e) {
                assertThat(folder.crashed()).isTrue();
            }
            folder = folder.afterCrash(List.of(Loss.EVERYTHING, Loss.ANY_PART, Loss.ANY_PART, Loss.NOTHING).get(random.nextInt(4)));
            store = CpStore.open(folder, cause -> { });
            assertThat(store.identity().uuid()).isEqualTo(own);
            for (Driver driver : drivers) {
                GroupLog restored = store.log(driver.group, true);
                assertThat(driver.possible).contains(text(restored));
                restored.open();
                driver.takeOver(restored);
            }
        }
    }
}
