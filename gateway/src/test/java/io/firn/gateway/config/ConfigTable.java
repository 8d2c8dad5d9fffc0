package io.firn.gateway.config;

import java.util.ArrayList;
import java.util.List;

/** The README's table of all settings, made from the {@link Setting} annotations. Pure. */
final class ConfigTable {

    private ConfigTable() {}

    /** The table as Markdown. */
    static String markdown() {
        List<String> lines = new ArrayList<>();
        lines.add("| key | default | allowed | meaning |");
        lines.add("|---|---|---|---|");
        for (SettingSpec spec : Schema.all().values()) {
            String key = spec.isMap() ? spec.key() + ".NAME" : spec.key();
            String fallback = spec.defaultText().isEmpty() ? "–" : '`' + spec.defaultText() + '`';
            lines.add("| `" + key + "` | " + fallback + " | " + cell(spec.allowed()) + " | " + cell(spec.doc()) + " |");
        }
        return String.join("\n", lines) + '\n';
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
