package io.firn.gateway.share;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.coordinator.share.ShareCoordinatorConfig;

/**
 * The settings of the share coordinator as the library wants them: those of {@code group.settings} that begin with {@code share.coordinator.}, over Firn's own defaults. Immutable.
 */
public final class ShareSettings {
    /** Largest batch the coordinator gathers, and so the size of the buffer each partition keeps once written; one larger record goes alone. */
    static final int BATCH_BYTES = 64 * 1024;
    private static final String PREFIX = "share.coordinator.";

    private final ShareCoordinatorConfig coordinator;

    private ShareSettings(ShareCoordinatorConfig coordinator) {
        this.coordinator = coordinator;
    }

    /**
     * @param settings all of {@code group.settings}
     * @throws org.apache.kafka.common.config.ConfigException for a value that is not allowed
     */
    public static ShareSettings of(Map<String, String> settings) {
        Map<String, String> chosen = new HashMap<>(settings);
        chosen.keySet().removeIf(name -> !name.startsWith(PREFIX));
        return new ShareSettings(new ShareCoordinatorConfig(new AbstractConfig(ShareCoordinatorConfig.CONFIG_DEF, chosen, false)));
    }

    /** The names {@code group.settings} may have for the share coordinator. */
    public static Set<String> names() {
        return ShareCoordinatorConfig.CONFIG_DEF.names();
    }

    ShareCoordinatorConfig coordinator() {
        return coordinator;
    }
}
