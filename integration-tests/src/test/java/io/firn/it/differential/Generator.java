package io.firn.it.differential;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/** Draws requests: an API by weight, one of its versions, and a body by walking that version's schema. What it draws depends on the seed and the {@link World} only. For one thread. */
final class Generator {

    /** Versions both brokers serve. */
    record Served(ApiKeys api, short min, short max) {}

    private static final double OTHER_VERSION = 0.004;
    private static final double CUT = 0.004;
    private static final int MOST_ELEMENTS = 3;

    private final Random random;
    private final World world;
    private final List<Served> served;
    private final int weights;

    Generator(Random random, World world, List<Served> served) {
        this.random = random;
        this.world = world;
        this.served = served;
        this.weights = served.stream().mapToInt(each -> Weights.of(each.api())).sum();
    }

    Call next() {
        Served chosen = pick();
        short version = (short) (chosen.min() + random.nextInt(chosen.max() - chosen.min() + 1));
        Choices choices = new Choices(random, world, chosen.api(), version);
        Map<String, Object> body = struct(chosen.api().messageType.requestSchemas()[version], chosen.api().name + ":", choices);
        choices.agree(body);
        boolean other = random.nextDouble() < OTHER_VERSION;
        short sent = other ? (short) (chosen.api().latestVersion(true) + 1 + random.nextInt(3)) : version;
        return new Call(chosen.api(), sent, version, body, !other && random.nextDouble() < CUT ? 1 + random.nextInt(4) : 0);
    }

    private Served pick() {
        int drawn = random.nextInt(weights);
        for (Served each : served) {
            drawn -= Weights.of(each.api());
            if (drawn < 0) {
                return each;
            }
        }
        throw new IllegalStateException();
    }

    private Map<String, Object> struct(Schema schema, String path, Choices choices) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (BoundField field : schema.fields()) {
            if (!(field.def.type instanceof TaggedFields)) {
                String below = path + (path.endsWith(":") ? "" : ".") + field.def.name;
                values.put(field.def.name, value(field.def.type, below, choices));
            }
        }
        return values;
    }

    private Object value(Type type, String path, Choices choices) {
        if (type instanceof Schema schema) {
            return type.isNullable() && random.nextDouble() < choices.nullShare(path) ? null : struct(schema, path, choices);
        }
        return type.isArray() ? array(type, path, choices) : choices.leaf(path, type);
    }

    private List<Object> array(Type type, String path, Choices choices) {
        if (type.isNullable() && random.nextDouble() < choices.nullShare(path)) {
            return null;
        }
        Type element = type.arrayElementType().orElseThrow();
        List<Object> values = new ArrayList<>();
        int count = choices.usuallyEmpty(path) ? (random.nextInt(20) == 0 ? 1 : 0) : random.nextInt(25) == 0 && !choices.neverEmpty(path) ? 0 : random.nextInt(3) == 0 ? 1 + random.nextInt(MOST_ELEMENTS) : 1;
        for (int i = 0; i < count; i++) {
            boolean again = i > 0 && random.nextInt(10) == 0;
            choices.refocus(path);
            values.add(again ? values.get(i - 1) : value(element, path, choices));
        }
        if (choices.onceEach()) {
            Set<Object> seen = new HashSet<>();
            values.removeIf(each -> !seen.add(each instanceof Map<?, ?> struct ? struct.values().iterator().next() : each));
        }
        return values;
    }
}
