package io.firn.gateway.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;

/** Turns a message into what is written to the socket: size, header, body. Pure but for the buffer it allocates. */
final class MessageEncoder {

    private MessageEncoder() {}

    /** The parts of the response to {@code request}, in order; each is owned by the caller. {@code version} is the body's: for an ApiVersions request of unknown version it differs from the header's. */
    static List<Object> response(RequestHeader request, short version, ApiMessage body, ByteBufAllocator allocator) {
        return encode(new ResponseHeaderData().setCorrelationId(request.correlationId()), request.apiKey().responseHeaderVersion(version), body, version, allocator);
    }

    /** The parts of a request to another broker, in order; each is owned by the caller. */
    static List<Object> request(RequestHeader header, AbstractRequest request, ByteBufAllocator allocator) {
        return encode(header.data(), header.headerVersion(), request.data(), request.version(), allocator);
    }

    private static List<Object> encode(ApiMessage header, short headerVersion, ApiMessage body, short version, ByteBufAllocator allocator) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        MessageSizeAccumulator size = new MessageSizeAccumulator();
        header.addSize(size, cache, headerVersion);
        body.addSize(size, cache, version);
        ByteBuf buffer = allocator.directBuffer(Integer.BYTES + size.sizeExcludingZeroCopy());
        ResponseWritable out = new ResponseWritable(buffer);
        try {
            out.writeInt(size.totalSize());
            header.write(out, cache, headerVersion);
            body.write(out, cache, version);
        } catch (RuntimeException e) {
            out.discard();
            throw e;
        }
        return out.parts();
    }
}
