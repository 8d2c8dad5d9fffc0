package io.firn.membership;

import io.firn.membership.replication.Message;
import io.firn.membership.replication.Message.Position;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * What the controller knows of the brokers that follow it: how far each has forced its history and when it asked, and which of them wait for news.
 *
 * <p>Invariant: a version counts as forced by a broker only if that broker named, under this epoch, an entry of this history at or above it; so it has everything before, too.
 *
 * <p>One waiting question a broker: a newer one answers the older at once. Threading: confined to the metadata thread.
 */
final class Followers implements Majority {

    private final ClusterMember member;
    private final Role role;
    private final Map<Integer, Long> forced = new HashMap<>();
    private final Map<Integer, Parked> parked = new HashMap<>();
    private final Map<Integer, Heard> heard = new HashMap<>();
    private Optional<Awaited> awaited = Optional.empty();

    private record Parked(Message.Follow follow, Position matched, CompletableFuture<Message> reply) {}

    /** @param newest version here when it asked */
    private record Heard(Progress.Follower said, long newest) {}

    private record Awaited(long version, CompletableFuture<Void> majority) {}

    Followers(ClusterMember member, Role role) {
        this.member = member;
        this.role = role;
    }

    CompletableFuture<Message> follow(int broker, Message.Follow follow) {
        answerParked(broker);
        Copy copy = member.copy();
        Optional<Position> matched = follow.positions().stream().filter(position -> copy.holds(position.version(), position.hash())).findFirst();
        hear(broker, matched.map(Position::version).orElse(Progress.UNKNOWN), copy.lastVersion());
        if (matched.isEmpty()) {
            return CompletableFuture.completedFuture(member.snapshots().offer(copy));
        }
        forced.merge(broker, matched.get().version(), Math::max);
        checkMajority();
        Parked question = new Parked(follow, matched.get(), new CompletableFuture<>());
        parked.put(broker, question);
        if (!answerIfNews(broker, question)) {
            member.after(role, member.times().parkMs(), () -> answerIfStill(broker, question));
        }
        return question.reply();
    }

    private void hear(int broker, long version, long newest) {
        Heard before = heard.getOrDefault(broker, new Heard(Progress.Follower.UNHEARD, newest));
        heard.put(broker, new Heard(before.said().asks(version, before.newest(), newest, member.parts().clock().millis()), newest));
    }

    Progress progress(int controllerEpoch) {
        Map<Integer, Progress.Follower> followers = heard.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().said()));
        return new Progress(member.plan().broker(), controllerEpoch, member.copy().lastVersion(), member.copy().view().version(), member.parts().clock().millis(), followers);
    }

    /** New entries or a new head: who waits for them is told. */
    @Override
    public void offer() {
        List.copyOf(parked.keySet()).forEach(broker -> answerIfNews(broker, parked.get(broker)));
    }

    @Override
    public CompletableFuture<Void> forced(long version) {
        forced.put(member.plan().broker(), version);
        CompletableFuture<Void> majority = new CompletableFuture<>();
        awaited = Optional.of(new Awaited(version, majority));
        checkMajority();
        return majority;
    }

    /** Whether a majority is still to force {@code version}. */
    boolean awaits(long version) {
        return awaited.filter(some -> some.version() == version).isPresent();
    }

    /** Nobody is to wait any longer. */
    void dismiss(Message reply) {
        List<Parked> all = List.copyOf(parked.values());
        parked.clear();
        all.forEach(question -> question.reply().complete(reply));
    }

    private void checkMajority() {
        if (awaited.isPresent() && keepersThatForced(awaited.get().version()) >= member.plan().majority()) {
            CompletableFuture<Void> majority = awaited.get().majority();
            awaited = Optional.empty();
            majority.complete(null);
        }
    }

    private long keepersThatForced(long version) {
        return member.plan().keepers().stream().filter(keeper -> forced.getOrDefault(keeper, -1L) >= version).count();
    }

    private boolean answerIfNews(int broker, Parked question) {
        Message.Entries entries = entries(question);
        boolean news = !entries.records().isEmpty() || entries.committed().version() > question.follow().committed();
        if (news) {
            parked.remove(broker, question);
            question.reply().complete(entries);
        }
        return news;
    }

    private void answerIfStill(int broker, Parked question) {
        if (parked.remove(broker, question)) {
            question.reply().complete(entries(question));
        }
    }

    private void answerParked(int broker) {
        Parked older = parked.get(broker);
        if (older != null) {
            answerIfStill(broker, older);
        }
    }

    private Message.Entries entries(Parked question) {
        return member.copy().entriesAfter(question.matched(), member.copy().lastVersion());
    }
}
