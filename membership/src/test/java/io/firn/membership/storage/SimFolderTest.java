package io.firn.membership.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Seeds;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The simulated folder keeps the contract, and loses what it may lose. */
class SimFolderTest extends FolderContract {

    private SimFolder folder = new SimFolder(Seeds.random(0));

    @Override
    Folder open() {
        return folder;
    }

    @Override
    Folder reopen() {
        folder = folder.afterCrash(Loss.EVERYTHING);
        return folder;
    }

    @Test
    void contentAndNamesAreLostUnlessEachIsForced() throws IOException {
        AppendFile file = folder.append("a");
        file.append(ByteBuffer.wrap(new byte[] {1}));
        file.force();
        assertThat(folder.afterCrash(Loss.EVERYTHING).names()).isEmpty();
        folder.force();
        file.append(ByteBuffer.wrap(new byte[] {2}));
        assertThat(folder.afterCrash(Loss.EVERYTHING).read("a")).containsExactly(1);
        assertThat(folder.afterCrash(Loss.NOTHING).read("a")).containsExactly(1, 2);
        folder.rename("a", "b");
        assertThat(folder.afterCrash(Loss.EVERYTHING).names()).containsExactly("a");
    }

    @Test
    void whatAKilledProcessLeftIsShownAndGoesWithTheNextPowerLoss() throws IOException {
        folder.append("a").append(ByteBuffer.wrap(new byte[] {1}));
        folder.append("b").close();
        folder.force();
        folder.rename("b", "c");
        SimFolder killed = folder.afterCrash(Loss.NOTHING);
        assertThat(killed.read("a")).containsExactly(1);
        assertThat(killed.names()).containsExactly("a", "c");
        assertThat(killed.afterCrash(Loss.EVERYTHING).read("a")).isEmpty();
        assertThat(killed.afterCrash(Loss.EVERYTHING).names()).containsExactly("a", "b");
        killed.append("a").force();
        killed.force();
        assertThat(killed.afterCrash(Loss.EVERYTHING).read("a")).containsExactly(1);
        assertThat(killed.afterCrash(Loss.EVERYTHING).names()).containsExactly("a", "c");
        assertThat(folder.afterCrash(Loss.EVERYTHING).read("a")).as("the first life's folder is its own").isEmpty();
    }

    @Test
    void aPowerLossMayReorderNames() throws IOException {
        Set<Set<String>> seen = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            SimFolder disk = new SimFolder(Seeds.random(i));
            disk.append("a").close();
            disk.append("b").close();
            seen.add(disk.afterCrash(Loss.ANY_PART).names());
        }
        assertThat(seen).contains(Set.of(), Set.of("a"), Set.of("b"), Set.of("a", "b"));
    }

    @Test
    void aFailedForceLosesForGoodWhatItWasToForce() throws IOException {
        AppendFile file = folder.append("a");
        folder.force();
        file.append(ByteBuffer.wrap(new byte[] {1}));
        folder.failAt(1);
        assertThatThrownBy(file::force).isInstanceOf(IOException.class);
        file.force();
        assertThat(folder.afterCrash(Loss.EVERYTHING).read("a")).isEmpty();
        assertThat(List.of(folder.read("a"))).hasSize(1);
    }
}
