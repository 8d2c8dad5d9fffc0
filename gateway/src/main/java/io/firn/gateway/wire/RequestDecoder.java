package io.firn.gateway.wire;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ProducedRecords;
import io.firn.hot.RecordBuffers;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * Turns a frame into a request, or refuses it: then the connection ends, because the client and the broker do not
 * understand each other any more (the same that Apache Kafka does).
 *
 * <p>One exception is part of the protocol: ApiVersions of an unknown version is passed on as version 0, for its handler to
 * answer UNSUPPORTED_VERSION with the versions there are (KIP-511).
 *
 * <p>Threading: thread-safe, holds nothing.
 */
final class RequestDecoder {

    /** Longest request header read: the client id is a string of at most 32767 bytes. */
    private static final int HEADER_MAX_BYTES = 2 + 2 + 4 + 2 + Short.MAX_VALUE + 64;

    /** The reason is one line for the log; it repeats nothing of the request but numbers. */
    static final class RefusedRequest extends Exception {
        private static final long serialVersionUID = 1L;

        RefusedRequest(String message) {
            super(message, null, false, false);
        }
    }

    private final ApiTable apis;

    RequestDecoder(ApiTable apis) {
        this.apis = apis;
    }

    Exchange decode(Connection connection, Frame frame, long nowNanos) throws RefusedRequest {
        RecordBuffers bytes = frame.bytes();
        if (bytes.sizeBytes() < 8) {
            throw new RefusedRequest("request of " + bytes.sizeBytes() + " bytes is shorter than its header");
        }
        RequestHeader header = header(bytes);
        FrameReadable readable = new FrameReadable(bytes);
        readable.position(header.size());
        AbstractRequest body = body(header, readable);
        Exchange exchange = new Exchange(connection, header, body, frame, nowNanos);
        if (header.apiKey() != ApiKeys.PRODUCE) {
            exchange.releasePayload();
        }
        return exchange;
    }

    private static RequestHeader header(RecordBuffers bytes) throws RefusedRequest {
        int count = Math.min(bytes.sizeBytes(), HEADER_MAX_BYTES);
        ByteBuffer[] parts = bytes.slice(0, count).nioBuffers();
        ByteBuffer contiguous = parts.length == 1 ? parts[0] : join(parts, count);
        try {
            return RequestHeader.parse(contiguous);
        } catch (InvalidRequestException e) {
            throw new RefusedRequest("request header cannot be read, api key " + bytes.shortAt(0) + " version " + bytes.shortAt(2));
        }
    }

    private static ByteBuffer join(ByteBuffer[] parts, int count) {
        ByteBuffer joined = ByteBuffer.allocate(count);
        for (ByteBuffer part : parts) {
            joined.put(part);
        }
        return joined.flip();
    }

    private AbstractRequest body(RequestHeader header, FrameReadable readable) throws RefusedRequest {
        ApiKeys api = header.apiKey();
        if (apis.handler(api, header.apiVersion()).isEmpty()) {
            if (api == ApiKeys.API_VERSIONS && !header.isApiVersionSupported()) {
                return new ApiVersionsRequest(new ApiVersionsRequestData(), (short) 0, header.apiVersion());
            }
            throw new RefusedRequest("api " + api + " version " + header.apiVersion() + " is not served");
        }
        try {
            AbstractRequest request = AbstractRequest.parseRequest(api, header.apiVersion(), readable).request;
            if (request instanceof ProduceRequest produce) {
                attachRecords(produce.data(), readable.records().iterator());
            }
            return request;
        } catch (RuntimeException e) {
            throw new RefusedRequest("request body cannot be read, api " + api + " version " + header.apiVersion() + ": " + e.getClass().getSimpleName());
        }
    }

    private static void attachRecords(ProduceRequestData data, Iterator<RecordBuffers> records) {
        for (ProduceRequestData.TopicProduceData topic : data.topicData()) {
            for (ProduceRequestData.PartitionProduceData partition : topic.partitionData()) {
                if (partition.records() != null) {
                    partition.setRecords(new ProducedRecords(records.next()));
                }
            }
        }
    }
}
