package io.firn.membership.replication;

import io.firn.membership.MetadataPeers;
import java.util.List;

/**
 * Messages as bytes. Pure.
 *
 * <pre>
 *  | format: byte = 1 | type: byte | the message's components in order ({@link RecordCodec}) |
 *  type   1 Announce  2 Find  3 Follow  4 CatchUp  5 FetchSnapshot  6 Submit  7 Pointer  8 Entries  9 Offer  10 Chunk  11 Lacks  12 Done  13 Refused  14 Unavailable  15 Inspect  16 Inspected
 * </pre>
 *
 * <p>Brokers of neighbouring versions talk to each other while a cluster is being upgraded: a component is never added to a message that exists, a new message gets a new
 * type. What a receiver does not know it refuses. The golden file in the tests has one of each, and of each command.
 */
public final class MessageCodec {

    public static final int MAX_BYTES = MetadataPeers.MAX_MESSAGE_BYTES;

    /** What one reply carries of records or of a snapshot; a single record may be longer. */
    public static final int BATCH_BYTES = 1 << 20;

    private static final byte FORMAT = 1;

    /** Numbered from 1; only ever added to. */
    private static final List<Class<? extends Message>> TYPES = List.of(Message.Announce.class, Message.Find.class, Message.Follow.class, Message.CatchUp.class,
            Message.FetchSnapshot.class, Message.Submit.class, Message.Pointer.class, Message.Entries.class, Message.Offer.class, Message.Chunk.class, Message.Lacks.class,
            Message.Done.class, Message.Refused.class, Message.Unavailable.class, Message.Inspect.class, Message.Inspected.class);

    private MessageCodec() {}

    /** @throws MessageFormatException if it would be longer than {@link #MAX_BYTES} */
    public static byte[] encode(Message message) {
        byte[] body = RecordCodec.encode((Record) message);
        if (body.length > MAX_BYTES - 2) {
            throw new MessageFormatException("the message has " + body.length + " bytes, at most " + MAX_BYTES + " are allowed");
        }
        byte[] bytes = new byte[body.length + 2];
        bytes[0] = FORMAT;
        bytes[1] = (byte) (TYPES.indexOf(message.getClass()) + 1);
        System.arraycopy(body, 0, bytes, 2, body.length);
        return bytes;
    }

    /** @throws MessageFormatException if the bytes are not exactly one message this version knows */
    public static Message decode(byte[] bytes) {
        if (bytes.length < 2 || bytes.length > MAX_BYTES) {
            throw new MessageFormatException("no message has " + bytes.length + " bytes");
        }
        if (bytes[0] != FORMAT || bytes[1] < 1 || bytes[1] > TYPES.size()) {
            throw new MessageFormatException("messages of format " + bytes[0] + " and type " + bytes[1] + " are not known to this version of Firn");
        }
        return RecordCodec.decode(TYPES.get(bytes[1] - 1), bytes, 2);
    }
}
