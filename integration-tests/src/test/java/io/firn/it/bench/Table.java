package io.firn.it.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** All rows of a run, Firn beside one other broker, in the order they first got a value. Confined to one thread. */
final class Table {

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final Peer other;

    Table(Peer other) {
        this.other = other;
    }

    void add(String name, String unit, Row.Target target, Peer peer, double value) {
        rows.computeIfAbsent(name, any -> new Row(name, unit, target)).add(peer, value);
    }

    Row row(String name) {
        return rows.get(name);
    }

    /** Firn's own figures held against the targets, the other's beside them where there are any. */
    String figures() {
        return rows.values().stream().map(Row::figure).collect(Collectors.joining("\n", "| row | unit | Firn, median (min–max) | Kafka 4.3.1, median (min–max) | target | met |\n|---|---|---|---|---|---|\n", "\n"));
    }

    String markdown() {
        String head = other == Peer.KAFKA ? "| row | unit | Firn, median (min–max) | Kafka 4.3.1, median (min–max) | Firn ÷ Kafka | target | met |\n|---|---|---|---|---|---|---|\n"
                : "| row | unit | Firn, median (min–max) | before, median (min–max) | now ÷ before |\n|---|---|---|---|---|\n";
        return rows.values().stream().map(row -> row.markdown(other)).collect(Collectors.joining("\n", head, "\n"));
    }
}
