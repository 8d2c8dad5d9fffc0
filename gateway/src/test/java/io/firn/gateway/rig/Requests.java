package io.firn.gateway.rig;

import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Bodies of produce and fetch requests, and what is in the answers. Pure functions. */
public final class Requests {

    /** Newest versions with topic names, and with topic ids. */
    public static final int PRODUCE_BY_NAME = 12;
    public static final int PRODUCE = 13;
    public static final int FETCH_BY_NAME = 12;
    public static final int FETCH = 17;

    private Requests() {}

    // Produce

    public static MemoryRecords records(long timestampMs, String... values) {
        SimpleRecord[] records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(timestampMs, values[i].getBytes(StandardCharsets.UTF_8));
        }
        return MemoryRecords.withRecords(Compression.NONE, records);
    }

    public static ProduceRequestData produce(int acks, int timeoutMs) {
        return new ProduceRequestData().setAcks((short) acks).setTimeoutMs(timeoutMs).setTopicData(new TopicProduceDataCollection());
    }

    public static ProduceRequestData produce(int acks, TopicView topic, int partition, MemoryRecords records) {
        return with(produce(acks, 30_000), topic.name(), topic.id(), partition, records);
    }

    /** The same with one more partition; the version sent decides whether name or id counts. */
    public static ProduceRequestData with(ProduceRequestData body, String name, Uuid id, int partition, MemoryRecords records) {
        TopicProduceData topic = body.topicData().find(name, id);
        if (topic == null) {
            topic = new TopicProduceData().setName(name).setTopicId(id);
            body.topicData().add(topic);
        }
        topic.partitionData().add(new PartitionProduceData().setIndex(partition).setRecords(records));
        return body;
    }

    public static ProduceResponseData.PartitionProduceResponse only(ProduceResponseData answer) {
        return answer.responses().iterator().next().partitionResponses().get(0);
    }

    public static Errors error(ProduceResponseData answer) {
        return Errors.forCode(only(answer).errorCode());
    }

    // Fetch

    public static FetchRequestData fetch(int maxWaitMs, int minBytes) {
        return new FetchRequestData().setMaxWaitMs(maxWaitMs).setMinBytes(minBytes).setMaxBytes(Integer.MAX_VALUE).setSessionEpoch(-1);
    }

    public static FetchPartition want(FetchRequestData body, TopicView topic, int partition, long offset) {
        FetchTopic wanted = body.topics().stream().filter(already -> already.topicId().equals(topic.id())).findFirst().orElse(null);
        if (wanted == null) {
            wanted = new FetchTopic().setTopic(topic.name()).setTopicId(topic.id());
            body.topics().add(wanted);
        }
        FetchPartition one = new FetchPartition().setPartition(partition).setFetchOffset(offset).setPartitionMaxBytes(1 << 20);
        wanted.partitions().add(one);
        return one;
    }

    public static FetchRequestData fetch(TopicView topic, int partition, long offset) {
        FetchRequestData body = fetch(0, 1);
        want(body, topic, partition, offset);
        return body;
    }

    public static List<FetchResponseData.PartitionData> partitions(FetchResponseData answer) {
        List<FetchResponseData.PartitionData> all = new ArrayList<>();
        answer.responses().forEach(topic -> all.addAll(topic.partitions()));
        return all;
    }

    public static FetchResponseData.PartitionData only(FetchResponseData answer) {
        return partitions(answer).get(0);
    }

    public static Errors error(FetchResponseData.PartitionData answer) {
        return Errors.forCode(answer.errorCode());
    }

    public static List<String> values(FetchResponseData.PartitionData answer) {
        return StreamSupport.stream(((MemoryRecords) answer.records()).records().spliterator(), false).map(Requests::value).toList();
    }

    private static String value(Record record) {
        ByteBuffer bytes = record.value();
        return bytes == null ? "" : StandardCharsets.UTF_8.decode(bytes).toString();
    }
}
