package io.firn.release;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** A YAML document, walked by path. Immutable. */
record Tree(Object value) {

    /** This module. */
    static final Path MODULE = Path.of(System.getProperty("basedir", System.getProperty("user.dir"))).toAbsolutePath();

    /** Keys given twice are refused. */
    private static Yaml yaml() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        return new Yaml(new SafeConstructor(options));
    }

    static Tree of(String text) {
        return new Tree(yaml().load(text));
    }

    static List<Tree> all(String text) {
        return StreamSupport.stream(yaml().loadAll(text).spliterator(), false).filter(document -> document != null).map(Tree::new).toList();
    }

    /** @param path keys, and positions in lists, with slashes */
    Tree at(String path) {
        Object here = value;
        for (String step : path.split("/")) {
            Object next = here instanceof List<?> list ? list.get(Integer.parseInt(step)) : here instanceof Map<?, ?> map ? map.get(step) : null;
            if (next == null) {
                throw new AssertionError("no " + step + " of " + path + " in " + here);
            }
            here = next;
        }
        return new Tree(here);
    }

    boolean has(String key) {
        return map().containsKey(key);
    }

    String text() {
        return String.valueOf(value);
    }

    List<Tree> list() {
        return ((List<?>) value).stream().map(Tree::new).toList();
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> map() {
        return (Map<String, Object>) value;
    }
}
