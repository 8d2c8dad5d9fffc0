package io.firn.gateway.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a YAML file into assignments, nested groups and dotted keys alike, each with its line. Reads the token stream, not a tree: so a value keeps
 * the text the user wrote, and the line is known. Loaded only when there is a file, to keep Jackson out of the start-up of a broker without one.
 */
final class YamlFile {

    /** A longer file is no configuration of a broker. */
    static final long MAX_BYTES = 1 << 20;

    private final String name;
    private final Map<String, Assignment> found = new LinkedHashMap<>();

    private YamlFile(String name) {
        this.name = name;
    }

    /** @throws ConfigException if the file cannot be read, is not YAML, or says a thing twice */
    static List<Assignment> read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new ConfigException(file + " is longer than " + MAX_BYTES + " bytes; that is no configuration file");
            }
            YamlFile yaml = new YamlFile(file.toString());
            try (YAMLParser parser = new YAMLFactory().createParser(Files.readAllBytes(file))) {
                yaml.document(parser);
            }
            return new ArrayList<>(yaml.found.values());
        } catch (JsonProcessingException notYaml) {
            throw new ConfigException(file + line(notYaml.getLocation()) + " is not YAML: " + firstLine(notYaml.getOriginalMessage()));
        } catch (NoSuchFileException missing) {
            throw new ConfigException(file + " does not exist (--config)");
        } catch (IOException unreadable) {
            throw new ConfigException(file + " cannot be read (--config): " + unreadable.getMessage());
        }
    }

    private void document(YAMLParser parser) throws IOException {
        JsonToken first = parser.nextToken();
        if (first == null || first == JsonToken.VALUE_NULL) {
            return;
        }
        if (first != JsonToken.START_OBJECT) {
            throw new ConfigException(source(parser) + " has no settings: a line reads 'group.key: value'");
        }
        mapping(parser, "");
        if (parser.nextToken() != null) {
            throw new ConfigException(source(parser) + " begins a second YAML document; only one is read");
        }
    }

    private void mapping(YAMLParser parser, String prefix) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = prefix + parser.currentName();
            String source = source(parser);
            switch (parser.nextToken()) {
                case START_OBJECT -> mapping(parser, key + '.');
                case START_ARRAY -> throw new ConfigException(key + " (" + source + ") is a list; no setting takes one");
                case VALUE_NULL -> throw new ConfigException(key + " (" + source + ") has no value");
                default -> add(new Assignment(key, parser.getText(), source));
            }
        }
    }

    private void add(Assignment assignment) {
        Assignment earlier = found.putIfAbsent(assignment.key(), assignment);
        if (earlier != null) {
            throw new ConfigException(assignment.key() + " (" + assignment.source() + ") was already set in " + earlier.source());
        }
    }

    private String source(YAMLParser parser) {
        return name + line(parser.currentTokenLocation());
    }

    private static String line(JsonLocation location) {
        return location == null || location.getLineNr() < 1 ? "" : " line " + location.getLineNr();
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("");
    }
}
