package io.firn.membership.controller;

import java.util.Collection;
import java.util.Optional;

/** Topic names that differ only in '.' and '_' become the same metric name; Kafka's controllers refuse the second one. Pure. */
final class TopicNames {

    private TopicNames() {}

    /** An existing name that looks like this one. Looks at all names, but only if this one has a '.' or '_'. */
    static Optional<String> colliding(Collection<String> existing, String name) {
        if (!ambiguous(name)) {
            return Optional.empty();
        }
        String plain = plain(name);
        return existing.stream().filter(other -> other.length() == name.length() && ambiguous(other) && plain(other).equals(plain)).findAny();
    }

    private static boolean ambiguous(String name) {
        return name.indexOf('.') >= 0 || name.indexOf('_') >= 0;
    }

    private static String plain(String name) {
        return name.replace('.', '_');
    }
}
