package io.firn.it.differential;

import io.firn.it.differential.Generator.Served;
import io.firn.it.differential.World.Group;
import io.firn.it.differential.World.Kind;
import io.firn.it.differential.World.Member;
import io.firn.it.differential.World.Producer;
import io.firn.it.differential.World.Session;
import io.firn.it.differential.World.Topic;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.Struct;

/** One seed's sequence of requests against both brokers. For one thread. */
final class Duel implements AutoCloseable {

    /** Where the brokers first differed in one way. */
    record Finding(long seed, int step, Call call, Answer firn, Answer kafka, List<Difference> differences) {

        @Override
        public String toString() {
            return "seed " + seed + ", step " + step + "\n  request  " + call + "\n  firn     " + firn + "\n  kafka    " + kafka + "\n  differs  " + differences
                    + "\n  replay   mvn verify -Dit.test=DifferentialIT -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false -Dfirn.seed=" + seed + " -Dfirn.differential.steps=" + (step + 1);
        }
    }

    private static final boolean TRACE = Boolean.getBoolean("firn.differential.trace");

    private final long seed;
    private final Door firn;
    private final Door kafka;
    private final Twins twins = new Twins();
    private final World world;
    private final Generator generator;
    private final Settling settling;

    Duel(long seed, int firnPort, int kafkaPort, List<Served> served) {
        this.seed = seed;
        this.firn = new Door(Side.FIRN, firnPort);
        this.kafka = new Door(Side.KAFKA, kafkaPort);
        this.world = new World("s" + seed + "-", served.stream().anyMatch(each -> each.api() == ApiKeys.END_TXN));
        this.generator = new Generator(new Random(seed * 0x9E3779B97F4A7C15L), world, served);
        this.settling = new Settling(firn, kafka, world, twins);
    }

    /** Runs the sequence, going on after a difference, and returns the first of each kind that is not accepted. */
    List<Finding> run(int steps) throws IOException {
        Map<String, Finding> byKind = new LinkedHashMap<>();
        settling.start();
        for (int step = 0; step < steps; step++) {
            step(step, byKind);
        }
        return byKind.values().stream().distinct().toList();
    }

    private void step(int step, Map<String, Finding> byKind) throws IOException {
        Call call = generator.next();
        firn.send(call);
        kafka.send(call);
        Answer theirs = kafka.receive(call);
        Answer ours = firn.receive(call);
        if (TRACE) {
            System.out.println("step " + step + "\n  request  " + call + "\n  firn     " + ours + "\n  kafka    " + theirs);
        }
        List<Difference> open = AcceptedDifferences.open(Comparison.of(call, ours, theirs, twins), world);
        List<Difference> unheard = open.stream().filter(each -> !byKind.containsKey(each.kind())).toList();
        Finding finding = new Finding(seed, step, call, ours, theirs, unheard);
        unheard.forEach(each -> byKind.putIfAbsent(each.kind(), finding));
        boolean answered = ours.body().isPresent() && theirs.body().isPresent();
        if (answered) {
            learn(call, ours.body().get(), theirs.body().get());
        }
        settling.after(call, answered && well(ours.body().get(), theirs.body().get()));
    }

    private void learn(Call call, Struct ours, Struct theirs) {
        switch (call.api()) {
            case PRODUCE -> produced(call, ours, theirs);
            case FETCH -> fetched(call, ours, theirs);
            case INIT_PRODUCER_ID -> initialised(call, ours, theirs);
            case DELETE_SHARE_GROUP_STATE, WRITE_SHARE_GROUP_STATE, INITIALIZE_SHARE_GROUP_STATE -> world.sharesChanged = true;
            case DELETE_RECORDS -> world.cut.addAll(world.topics.keySet().stream().filter(topic -> call.toString().contains(topic)).toList());
            case END_TXN -> ended(call, ours, theirs);
            case JOIN_GROUP -> joined(call, ours, theirs, "generation_id");
            case CONSUMER_GROUP_HEARTBEAT, SHARE_GROUP_HEARTBEAT, STREAMS_GROUP_HEARTBEAT -> joined(call, ours, theirs, "member_epoch");
            default -> { }
        }
    }

    private static boolean well(Struct ours, Struct theirs) {
        return !ours.hasField("error_code") || ours.getShort("error_code") == 0 && theirs.getShort("error_code") == 0;
    }

    private static Object twin(Struct ours, Struct theirs, String field) {
        return new Twin(ours.get(field), theirs.get(field));
    }

    @SuppressWarnings("unchecked")
    private void produced(Call call, Struct ours, Struct theirs) {
        for (Object sent : (List<Object>) call.body().get("topic_data")) {
            Map<String, Object> data = (Map<String, Object>) sent;
            Topic topic = world.topicOf(data.containsKey("name") ? data.get("name") : data.get("topic_id"));
            for (Object each : (List<Object>) data.get("partition_data")) {
                Map<String, Object> one = (Map<String, Object>) each;
                if (topic != null && one.get("records") instanceof Batch batch) {
                    accepted(topic, (Integer) one.get("index"), batch, theirs);
                }
            }
        }
    }

    private void accepted(Topic topic, int partition, Batch batch, Struct answer) {
        for (Object response : answer.getArray("responses")) {
            Struct about = (Struct) response;
            boolean same = about.hasField("name") ? topic.name.equals(about.get("name")) : Objects.equals(((Twin) topic.id).kafka(), about.get("topic_id"));
            for (Object each : same ? about.getArray("partition_responses") : new Object[0]) {
                Struct one = (Struct) each;
                if (one.getInt("index") == partition && one.getShort("error_code") == 0) {
                    topic.ends.put(partition, one.getLong("base_offset") + batch.records());
                    world.producers.stream().filter(producer -> producer.id.equals(batch.producerId()) && producer.epoch == batch.producerEpoch())
                            .forEach(producer -> producer.sequences.put(topic.name + "-" + partition, batch.sequence() + batch.records()));
                }
            }
        }
    }

    private void fetched(Call call, Struct ours, Struct theirs) {
        if (!ours.hasField("session_id") || !well(ours, theirs)) {
            return;
        }
        Object asked = call.body().get("session_id");
        if (ours.getInt("session_id") != 0 && theirs.getInt("session_id") != 0 && Objects.equals(asked, 0)) {
            world.sessions.add(new Session(twin(ours, theirs, "session_id")));
        }
        world.sessions.stream().filter(session -> session.id.equals(asked)).forEach(session -> session.epoch++);
    }

    private void initialised(Call call, Struct ours, Struct theirs) {
        if (!well(ours, theirs)) {
            return;
        }
        Object name = call.body().get("transactional_id");
        Producer producer = world.producers.stream().filter(each -> Objects.equals(each.transactionalId, name)).skip(name == null && Math.floorMod(call.body().hashCode(), 2) == 1 ? 1 : 0).findFirst().orElse(null);
        if (producer != null) {
            becomes(producer, ours, theirs);
        }
    }

    private void ended(Call call, Struct ours, Struct theirs) {
        if (well(ours, theirs) && ours.hasField("producer_id") && ours.getLong("producer_id") >= 0 && theirs.getLong("producer_id") >= 0) {
            world.producers.stream().filter(each -> Objects.equals(each.transactionalId, call.body().get("transactional_id"))).forEach(producer -> becomes(producer, ours, theirs));
        }
    }

    private static void becomes(Producer producer, Struct ours, Struct theirs) {
        producer.id = twin(ours, theirs, "producer_id");
        producer.epoch = theirs.getShort("producer_epoch");
        producer.sequences.clear();
    }

    private void joined(Call call, Struct ours, Struct theirs, String epochField) {
        Group group = world.group(call.body().get("group_id"));
        boolean nameGiven = epochField.equals("generation_id") && ours.getShort("error_code") == MEMBER_ID_REQUIRED && theirs.getShort("error_code") == MEMBER_ID_REQUIRED;
        if (group == null || !nameGiven && !well(ours, theirs) || !suits(group, call) || ours.get("member_id") == null) {
            return;
        }
        Object asked = call.body().get("member_id");
        boolean named = ours.get("member_id").equals(theirs.get("member_id"));
        Object id = named ? ours.get("member_id") : twin(ours, theirs, "member_id");
        int epoch = nameGiven ? -1 : theirs.getInt(epochField);
        group.members.removeIf(member -> member.id.equals(id) || member.id.equals(asked));
        if (epoch >= 0 || nameGiven) {
            group.members.add(new Member(id, epoch));
        }
    }

    private static final short MEMBER_ID_REQUIRED = 79;

    private static boolean suits(Group group, Call call) {
        return switch (call.api()) {
            case JOIN_GROUP -> group.kind == Kind.CLASSIC;
            case CONSUMER_GROUP_HEARTBEAT -> group.kind == Kind.CONSUMER;
            case SHARE_GROUP_HEARTBEAT -> group.kind == Kind.SHARE;
            default -> group.kind == Kind.STREAMS;
        };
    }

    @Override
    public void close() throws IOException {
        firn.close();
        kafka.close();
    }
}
