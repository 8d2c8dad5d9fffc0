package io.firn.gateway.config;

import java.util.ArrayList;
import java.util.List;

/** The README's table of all settings, made from the {@link Setting} annotations. Pure. */
final class ConfigTable {

    static final String BEGIN = "<!-- settings: begin (generated, do not edit) -->";
    static final String END = "<!-- settings: end -->";

    private ConfigTable() {}

    /** The table as Markdown, without the marker lines. */
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

    /** {@code document} with what is between the markers replaced by the table of now. */
    static String insertInto(String document) {
        int begin = document.indexOf(BEGIN);
        int end = document.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("the document has no marker lines " + BEGIN + " and " + END);
        }
        return document.substring(0, begin + BEGIN.length()) + "\n\n" + markdown() + '\n' + document.substring(end);
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
