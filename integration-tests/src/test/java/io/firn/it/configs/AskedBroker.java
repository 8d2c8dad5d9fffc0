package io.firn.it.configs;

import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.KafkaClients;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;

/** One broker and what it answers about configs, in a form that two brokers' answers can be compared in. Threading: one thread at a time. */
final class AskedBroker implements AutoCloseable {

    private static final int TOPICS_A_REQUEST = 100;

    private final Admin admin;

    AskedBroker(BrokerNode node) {
        this.admin = KafkaClients.admin(node.bootstrap());
    }

    Admin admin() {
        return admin;
    }

    /** What becomes of topics with these overrides, by overrides: "ok" or the error, and how the answer describes what was overridden. */
    Map<Map<String, String>, String> create(Collection<Map<String, String>> topics, String prefix, boolean validateOnly) {
        Map<Map<String, String>, String> answers = new LinkedHashMap<>();
        List<Map<String, String>> all = new ArrayList<>(topics);
        for (int from = 0; from < all.size(); from += TOPICS_A_REQUEST) {
            List<Map<String, String>> part = all.subList(from, Math.min(all.size(), from + TOPICS_A_REQUEST));
            List<NewTopic> asked = new ArrayList<>();
            part.forEach(configs -> asked.add(new NewTopic(prefix + all.indexOf(configs), 1, (short) 1).configs(configs)));
            CreateTopicsResult result = admin.createTopics(asked, new CreateTopicsOptions().validateOnly(validateOnly).timeoutMs(60_000));
            part.forEach(configs -> answers.put(configs, created(result, prefix + all.indexOf(configs), configs)));
        }
        return answers;
    }

    private static String created(CreateTopicsResult result, String topic, Map<String, String> configs) {
        String error = error(result.values().get(topic));
        if (!error.equals("ok")) {
            return error;
        }
        StringBuilder described = new StringBuilder("ok");
        result.config(topic).toCompletionStage().toCompletableFuture().join().entries().stream().filter(entry -> configs.containsKey(entry.name()))
                .sorted((a, b) -> a.name().compareTo(b.name())).forEach(entry -> described.append(' ').append(entry.name()).append('=').append(entry.value()).append(' ').append(entry.source()));
        return described.toString();
    }

    /** Configs of a resource, by name, each with all that DescribeConfigs tells. */
    Map<String, String> describe(ConfigResource resource) {
        Map<String, String> entries = new TreeMap<>();
        try {
            admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true)).values().get(resource).get(60, TimeUnit.SECONDS).entries()
                    .forEach(entry -> entries.put(entry.name(), text(entry)));
        } catch (ExecutionException e) {
            entries.put("", e.getCause().getClass().getSimpleName());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
        return entries;
    }

    /** The same, once a change has got there: {@code name} comes from {@code source}. */
    Map<String, String> describe(ConfigResource resource, String name, ConfigEntry.ConfigSource source) {
        Map<String, String> entries = new TreeMap<>();
        Await.until(name + " of " + resource + " comes from " + source, () -> {
            entries.clear();
            entries.putAll(describe(resource));
            return entries.getOrDefault(name, "").contains(" from " + source);
        });
        return entries;
    }

    private static String text(ConfigEntry entry) {
        List<String> synonyms = entry.synonyms().stream().map(synonym -> synonym.name() + "=" + synonym.value() + " " + synonym.source()).toList();
        return entry.value() + " from " + entry.source() + ", " + entry.type() + (entry.isReadOnly() ? ", read-only" : "") + (entry.isSensitive() ? ", sensitive" : "") + ", synonyms " + synonyms
                + ", " + Optional.ofNullable(entry.documentation()).map(text -> Integer.toHexString(text.hashCode())).orElse("none");
    }

    /** "ok" or the error of one change. */
    String alter(ConfigResource resource, OpType operation, String name, String value, boolean validateOnly) {
        return alter(resource, operation, Map.of(name, value), validateOnly);
    }

    String alter(ConfigResource resource, OpType operation, Map<String, String> changes, boolean validateOnly) {
        List<AlterConfigOp> operations = new ArrayList<>();
        changes.forEach((name, value) -> operations.add(new AlterConfigOp(new ConfigEntry(name, value), operation)));
        return error(admin.incrementalAlterConfigs(Map.of(resource, operations), new AlterConfigsOptions().validateOnly(validateOnly)).values().get(resource));
    }

    private static String error(KafkaFuture<?> future) {
        try {
            future.get(60, TimeUnit.SECONDS);
            return "ok";
        } catch (ExecutionException e) {
            return e.getCause().getClass().getSimpleName();
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        admin.close();
    }
}
