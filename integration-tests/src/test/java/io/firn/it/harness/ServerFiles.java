package io.firn.it.harness;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The objects of an S3 server that keeps each as a file, {@code BUCKET/KEY} below its directory: answers to GETs of a range of them, for a {@link DelayProxy} that spares the server those. Keys have to be unreserved
 * characters and slashes, as Firn's are (RFC 3986, 2.3); of anything else, and of what is not there, it knows no answer, and the server is asked. It checks no signature.
 */
final class ServerFiles {

    private static final Pattern RANGED_GET = Pattern.compile("GET /([A-Za-z0-9._~/-]+) HTTP/1\\.1\r\n(?:.+\r\n)*?(?i:range): bytes=(\\d{1,18})-(\\d{1,18})\r\n(?:.+\r\n)*?\r\n");

    /** Head of the answer, and which bytes of the file follow it. Whoever has it closes the file. */
    record Answer(ByteBuffer head, FileChannel file, long position, long bytes) {}

    private final Path directory;

    ServerFiles(Path directory) throws IOException {
        this.directory = directory.toRealPath();
    }

    /** @param request what came of it; nothing but whole ones are answered */
    Optional<Answer> answer(ByteBuffer request) throws IOException {
        Matcher asked = RANGED_GET.matcher(StandardCharsets.ISO_8859_1.decode(request.duplicate()));
        if (!asked.matches()) {
            return Optional.empty();
        }
        Path path = directory.resolve(asked.group(1)).normalize();
        if (!path.startsWith(directory) || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        long first = Long.parseLong(asked.group(2));
        long last = Long.parseLong(asked.group(3));
        FileChannel file;
        try {
            file = FileChannel.open(path, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            return Optional.empty(); // deleted just now
        }
        if (first > last || last >= file.size()) {
            file.close();
            return Optional.empty();
        }
        String head = "HTTP/1.1 206 Partial Content\r\nContent-Type: application/octet-stream\r\nContent-Length: " + (last - first + 1) + "\r\nContent-Range: bytes " + first + "-" + last + "/" + file.size() + "\r\n\r\n";
        return Optional.of(new Answer(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)), file, first, last - first + 1));
    }
}
