package io.firn.it.cold;

import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Tells which step of which change a request to the bucket is, of all that a broker sends about one topic of one partition.
 *
 * <p>An upload for offsets that the bucket has not had before is an offload's; one for earlier offsets is a compaction's or merge's; a manifest that raises the log start is retention's, and so is a page for which nothing was uploaded. What follows belongs to the same change, as there is one at a time.
 *
 * <p>Thread-safe: asked on the proxy's threads. The same request may be asked about again.
 */
final class TopicRequests {

    /** What the partition's cold log is being changed for. */
    enum Change {
        /** Not known: the topic's deletion, a claim, a sweep. */
        NONE,
        OFFLOAD,
        REWRITING,
        DROP
    }

    /** Of the manifest: cold-tier/README. */
    private static final int LOG_START_AT = 68;
    private static final int OFFSET_DIGITS = 20;
    /** How the name of the one at offset 0 begins. No page lists that: the oldest ones are in the manifest itself. */
    private static final String FIRST_SEGMENT = "/0/" + "0".repeat(OFFSET_DIGITS) + "-";
    private static final Pattern PARTITION_LISTED = Pattern.compile("[?&]prefix=[^&]*/0/(&|$)");

    private final String directory;
    private Change change = Change.NONE;
    private String uploaded = "";
    /** Whether it waits for the manifest that names it. */
    private boolean uploading;
    /** The page that was created last by this process. */
    private String createdPage = "";
    /** The manifest of this change, once it is created; and whether it has been read back. */
    private String created = "";
    private boolean readBack;
    private long highestOffset;

    /** @param endOffset where the cold tier ends now */
    TopicRequests(String topic, long endOffset) {
        this.directory = "topics/" + topic + "-";
        this.highestOffset = endOffset;
    }

    /** The broker is another process: what it is changing is not known. */
    synchronized void restarted() {
        change = Change.NONE;
        uploading = false;
        createdPage = "";
        created("");
    }

    private void created(String manifest) {
        created = manifest;
        readBack = false;
    }

    /** Whether a request is this step. Steps that change a log, or look whether that was done, are meant only of this change. */
    synchronized boolean is(BucketStep step, Change of, String requestLine, byte[] body) {
        String method = requestLine.substring(0, requestLine.indexOf(' '));
        String target = URLDecoder.decode(requestLine.substring(method.length() + 1, requestLine.lastIndexOf(' ')), StandardCharsets.UTF_8);
        String about = method.equals("POST") ? new String(body, StandardCharsets.UTF_8) : target;
        if (!about.contains(directory)) {
            return false;
        }
        follow(method, target, body);
        return method.equals(step.method) && about.contains(step.named) && switch (step) {
            case UPLOAD, CREATE_PAGE, CREATE_MANIFEST -> change == of;
            case READ_PAGE_BACK -> change == of && target.equals(createdPage);
            case READ_MANIFEST_BACK -> change == of && target.equals(created);
            case CHECK_SIZE, READ_TAIL_BACK -> change == of && target.equals(uploaded);
            case LIST_MANIFESTS -> change == of && (of == Change.NONE || readBack) && target.contains("list-type");
            case LIST_PARTITION -> change == of && target.contains("list-type") && PARTITION_LISTED.matcher(target).find();
            case READ_SEGMENTS -> !target.equals(uploaded);
            case CREATE_BOUNDARY -> !target.contains(BucketStep.CREATE_TOMBSTONE.named);
            case DELETE_SEGMENTS_OF_PAGE -> !about.contains(FIRST_SEGMENT);
            case DELETE_PAGE, DELETE_ALL_PAGES, DELETE_MANIFESTS, DELETE_SEGMENTS, CREATE_TOMBSTONE, DELETE_TOMBSTONE, DELETE_DESCRIPTION -> true;
        };
    }

    private void follow(String method, String target, byte[] body) {
        if (method.equals(BucketStep.UPLOAD.method) && target.endsWith(BucketStep.UPLOAD.named)) {
            int name = target.lastIndexOf('/') + 1;
            long baseOffset = Long.parseLong(target, name, name + OFFSET_DIGITS, 10);
            change = baseOffset >= highestOffset ? Change.OFFLOAD : Change.REWRITING;
            highestOffset = Math.max(highestOffset, baseOffset);
            uploaded = target;
            uploading = true;
            created("");
        } else if (method.equals(BucketStep.CREATE_PAGE.method) && target.endsWith(BucketStep.CREATE_PAGE.named)) {
            change = uploading ? change : Change.DROP;
            createdPage = target;
        } else if (method.equals(BucketStep.CREATE_MANIFEST.method) && target.endsWith(BucketStep.CREATE_MANIFEST.named)) {
            change = ByteBuffer.wrap(body).getLong(LOG_START_AT) > 0 ? Change.DROP : change;
            uploading = false;
            created(target);
        } else if (method.equals(BucketStep.READ_MANIFEST_BACK.method) && target.equals(created)) {
            readBack = true;
        }
    }
}
