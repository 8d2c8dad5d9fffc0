package io.firn.it.differential;

/**
 * One field the two brokers answered differently.
 *
 * @param path names of fields from the root, keys of array elements in brackets
 * @param firn Firn's value, {@code kafka} Kafka's; the text {@code absent} for an element only the other has
 */
record Difference(Call call, String path, Object firn, Object kafka) {

    static final String ABSENT = "absent";

    /** The path without the keys of elements: what kind of field it is. */
    String field() {
        return path.replaceAll("\\[[^\\]]*\\]", "");
    }

    /** Differences of the same kind have the same text: they are told once a run. */
    String kind() {
        boolean telling = firn instanceof Number || firn instanceof String && kafka instanceof String;
        return call.api().name + " " + field() + (telling && !field().endsWith("message") ? ": firn " + firn + ", kafka " + kafka : "");
    }

    @Override
    public String toString() {
        return call.api().name + " v" + call.version() + " " + path + ": firn " + Readable.text(firn) + ", kafka " + Readable.text(kafka);
    }
}
