package io.firn.cold;

/**
 * The rule for object keys, the same for every store, checked before anything leaves the process.
 *
 * <p>1 to {@value #LIMIT_BYTES} characters of {@code A-Z a-z 0-9 - . _ /}: so bytes and characters are the same, string order is byte order, nothing needs
 * escaping in a URL, and a directory can hold them. Segments between slashes are not empty and neither {@code .} nor {@code ..}; hence no leading, trailing or double slash.
 */
public final class ObjectKeys {

    /** S3's limit. */
    public static final int LIMIT_BYTES = 1024;

    private ObjectKeys() {}

    /** Returns {@code key}; throws {@link IllegalArgumentException} if it breaks the rule. */
    public static String checked(String key) {
        if (key.isEmpty() || key.length() > LIMIT_BYTES) {
            throw new IllegalArgumentException("Object key of " + key.length() + " characters; 1 to " + LIMIT_BYTES + " are allowed");
        }
        checkCharacters(key);
        for (String segment : key.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                throw new IllegalArgumentException("Object key with an empty or relative segment: " + key);
            }
        }
        return key;
    }

    /** Returns {@code prefix}, any beginning of a key, or empty; throws {@link IllegalArgumentException} if no key can begin so. */
    public static String checkedPrefix(String prefix) {
        if (prefix.length() > LIMIT_BYTES || prefix.startsWith("/") || prefix.contains("//")) {
            throw new IllegalArgumentException("No object key begins with: " + prefix);
        }
        checkCharacters(prefix);
        return prefix;
    }

    /** Whether {@code name} may be a part of a key between two slashes. */
    public static boolean allows(String name) {
        return !name.isEmpty() && name.length() < LIMIT_BYTES / 2 && name.chars().allMatch(c -> c != '/' && allowed((char) c));
    }

    private static void checkCharacters(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!allowed(text.charAt(i))) {
                throw new IllegalArgumentException("Character 0x" + Integer.toHexString(text.charAt(i)) + " at " + i + " of an object key");
            }
        }
    }

    private static boolean allowed(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '-' && c <= '9' || c == '_'; // '-' '.' '/' and digits are neighbours
    }
}
