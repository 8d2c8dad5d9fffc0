package io.firn.it.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** All rows of a run, in the order they first got a value. Confined to one thread. */
final class Table {

    private final Map<String, Row> rows = new LinkedHashMap<>();

    void add(String name, String unit, Row.Target target, Peer peer, double value) {
        rows.computeIfAbsent(name, any -> new Row(name, unit, target)).add(peer, value);
    }

    Row row(String name) {
        return rows.get(name);
    }

    String markdown() {
        String head = "| row | unit | Firn, median (min–max) | Kafka 4.3.1, median (min–max) | Firn ÷ Kafka | target | met |\n|---|---|---|---|---|---|---|\n";
        return rows.values().stream().map(Row::markdown).collect(Collectors.joining("\n", head, "\n"));
    }
}
