package io.firn.it.cluster;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ResponseHeader;

/** A connection that writes to one broker whether it leads or not: what a stock client does between a change of leader and hearing of it, for as long as is wanted. For one thread. */
final class LeaderLink implements AutoCloseable {

    /** The last one that names topics. */
    private static final short PRODUCE_VERSION = 12;
    private static final short LIST_OFFSETS_VERSION = 9;
    private static final int TIME_LIMIT_MS = 60_000;

    private final Socket socket;
    private int correlationId;

    /**
     * What became of a record, or of a question.
     *
     * @param offset -1 when it was not taken, or not answered
     */
    record Answer(Errors error, long offset) {
        boolean taken() {
            return error == Errors.NONE;
        }
    }

    private LeaderLink(Socket socket) {
        this.socket = socket;
    }

    /** @param address {@code host:port} */
    static LeaderLink connect(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))), TIME_LIMIT_MS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIME_LIMIT_MS);
        return new LeaderLink(socket);
    }

    /** Sends one record and does not wait. {@code acks}: 1 or -1. */
    void send(TopicPartition partition, short acks, byte[] value, int timeoutMs) throws IOException {
        MemoryRecords records = MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(value));
        ProduceRequestData request = new ProduceRequestData().setAcks(acks).setTimeoutMs(timeoutMs);
        request.topicData().add(new TopicProduceData().setName(partition.topic()).setPartitionData(List.of(new PartitionProduceData().setIndex(partition.partition()).setRecords(records))));
        send(ApiKeys.PRODUCE, PRODUCE_VERSION, request);
    }

    /** Asks for the end of a partition as a consumer does, and does not wait. */
    void sendForEnd(TopicPartition partition) throws IOException {
        ListOffsetsTopic topic = new ListOffsetsTopic().setName(partition.topic())
                .setPartitions(List.of(new ListOffsetsPartition().setPartitionIndex(partition.partition()).setTimestamp(ListOffsetsRequest.LATEST_TIMESTAMP)));
        send(ApiKeys.LIST_OFFSETS, LIST_OFFSETS_VERSION, new ListOffsetsRequestData().setReplicaId(ListOffsetsRequest.CONSUMER_REPLICA_ID).setTopics(List.of(topic)));
    }

    private void send(ApiKeys api, short version, Message request) throws IOException {
        RequestHeaderData head = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(version).setCorrelationId(++correlationId).setClientId("link");
        ByteBuffer header = MessageUtil.toByteBufferAccessor(head, api.requestHeaderVersion(version)).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(request, version).buffer();
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + header.remaining() + body.remaining());
        frame.putInt(frame.capacity() - Integer.BYTES).put(header).put(body);
        socket.getOutputStream().write(frame.array());
    }

    /** What became of the next record, in the order of sending. */
    Answer receive() throws IOException {
        ProduceResponseData response = new ProduceResponseData(receive(ApiKeys.PRODUCE, PRODUCE_VERSION), PRODUCE_VERSION);
        var partition = response.responses().iterator().next().partitionResponses().get(0);
        return new Answer(Errors.forCode(partition.errorCode()), partition.baseOffset());
    }

    /** The end, or why it is not told. */
    Answer receiveEnd() throws IOException {
        ListOffsetsResponseData response = new ListOffsetsResponseData(receive(ApiKeys.LIST_OFFSETS, LIST_OFFSETS_VERSION), LIST_OFFSETS_VERSION);
        var partition = response.topics().get(0).partitions().get(0);
        return new Answer(Errors.forCode(partition.errorCode()), partition.offset());
    }

    private ByteBufferAccessor receive(ApiKeys api, short version) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        ResponseHeader.parse(bytes, api.responseHeaderVersion(version));
        return new ByteBufferAccessor(bytes);
    }

    Answer ask(TopicPartition partition, short acks, byte[] value, int timeoutMs) throws IOException {
        send(partition, acks, value, timeoutMs);
        return receive();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
