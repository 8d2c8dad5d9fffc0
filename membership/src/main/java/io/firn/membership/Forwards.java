package io.firn.membership;

import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.replication.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;

/**
 * Commands given to this broker that it does not decide itself: they wait for a controller, are sent to it, and are answered when this broker shows the view they left.
 *
 * <pre>
 *   waiting ─▶ held (no controller; until the limit, then refused as NOT_CONTROLLER) ◀── certainly not decided ──┐
 *                └─▶ sent ─┬─ refused ─▶ answered                                                               │
 *                          ├─ not the controller, not delivered ────────────────────────────────────────────────┘
 *                          ├─ no answer ─▶ unavailable: the outcome is not known
 *                          └─ done as entry n ─▶ arriving ─▶ answered with the view as of entry n (or unavailable, if that is not shown here in time)
 * </pre>
 *
 * <p>An answer needs exactly the view its command left, not a later one: a block of producer ids is read from it. So while any command is sent, the views shown meanwhile are kept, at most
 * {@link #MAX_VIEWS}.
 *
 * <p>Limits: {@link Metadata#MAX_WAITING} commands held, and as many sent; the rest stays in the queue, which refuses when it is full.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Forwards {

    static final int MAX_VIEWS = 4 * Metadata.MAX_WAITING;

    private final ClusterMember member;
    private final Queue<PendingCommand> waiting;
    private final long sender;
    private final Deque<Held> held = new ArrayDeque<>();
    private final Map<Long, List<Arriving>> arriving = new TreeMap<>();
    private final TreeMap<Long, ClusterView> views = new TreeMap<>();
    private final List<PendingCommand> open = new ArrayList<>();
    private long number;
    private boolean expiring;

    private record Held(PendingCommand command, long untilMs) {}

    private record Arriving(PendingCommand command, Message.Done done) {}

    /** @param sender drawn by chance */
    Forwards(ClusterMember member, Queue<PendingCommand> waiting, long sender) {
        this.member = member;
        this.waiting = waiting;
        this.sender = sender;
    }

    /** Takes over what waits, with the time from now on that it may take to find a controller. */
    void hold() {
        while (held.size() < Metadata.MAX_WAITING && !waiting.isEmpty()) {
            held.add(new Held(waiting.remove(), member.nowMs() + member.times().commandMs()));
        }
        expireLater();
    }

    /** For a controller to decide. */
    void takeInto(Queue<PendingCommand> deciding, int upTo) {
        while (deciding.size() < upTo && !held.isEmpty()) {
            deciding.add(held.remove().command());
        }
    }

    /** What a controller did not come to. */
    void giveBack(Queue<PendingCommand> deciding) {
        long untilMs = member.nowMs() + member.times().commandMs();
        while (!deciding.isEmpty()) {
            held.addFirst(new Held(deciding.remove(), untilMs));
        }
        expireLater();
    }

    /** Sends what waits to the controller. */
    void forward(int controller) {
        hold();
        while (open.size() < Metadata.MAX_WAITING && !held.isEmpty()) {
            send(held.remove(), controller);
        }
    }

    private void send(Held next, int controller) {
        opens(next.command());
        member.askForOutcome(controller, new Message.Submit(sender, ++number, next.command().command()), member.times().commandMs(), (reply, error) -> {
            open.remove(next.command());
            if (error != null) {
                failed(next, error);
            } else {
                answered(next, reply);
            }
            forgetViews();
            member.wake();
        });
    }

    /** From here on views are kept, beginning with the present one: a command that changes nothing leaves that. */
    private void opens(PendingCommand command) {
        if (open.isEmpty()) {
            ClusterView present = member.copy().view();
            views.put(present.version(), present);
        }
        open.add(command);
    }

    private void failed(Held sent, Throwable error) {
        if (error instanceof MetadataUnavailable) {
            holdAgain(sent);
        } else {
            sent.command().answer().completeExceptionally(new MetadataUnavailable("the controller did not answer; whether the change was made is not known", error));
        }
    }

    private void answered(Held sent, Message reply) {
        if (reply instanceof Message.Done done) {
            arrive(new Arriving(sent.command(), done));
        } else if (reply instanceof Message.Refused refused && refused.reason() != Reason.NOT_CONTROLLER) {
            sent.command().answer().completeExceptionally(new CommandRefused(refused.reason(), refused.message()));
        } else if (reply instanceof Message.Refused || reply instanceof Message.Pointer) {
            holdAgain(sent);
        } else {
            String why = reply instanceof Message.Unavailable unavailable ? unavailable.message() : "the controller's answer makes no sense";
            sent.command().answer().completeExceptionally(new MetadataUnavailable(why, null));
        }
    }

    /** Certainly not decided: tried again after a while, its time goes on. */
    private void holdAgain(Held sent) {
        opens(sent.command());
        member.timer(member.times().retryMs() / 3, () -> {
            open.remove(sent.command());
            held.addFirst(sent);
            expireLater();
            member.wake();
        });
    }

    private void arrive(Arriving command) {
        opens(command.command());
        arriving.computeIfAbsent(command.done().version(), version -> new ArrayList<>()).add(command);
        member.timer(member.times().commandMs(), () -> {
            if (open.remove(command.command())) {
                arriving.getOrDefault(command.done().version(), List.of()).remove(command);
                command.command().answer().completeExceptionally(notSeen(command.done().version()));
            }
        });
        answerArrived();
    }

    /** A view is shown; runs before the listeners are all told, so answers come later. */
    void shown(ClusterView view) {
        if (!open.isEmpty()) {
            views.put(view.version(), view);
            if (views.size() > MAX_VIEWS) {
                views.pollFirstEntry();
            }
            if (!arriving.isEmpty()) {
                member.execute(this::answerArrived);
            }
        }
    }

    private void answerArrived() {
        long shown = member.copy().view().version();
        arriving.entrySet().removeIf(arrived -> {
            if (arrived.getKey() > shown) {
                return false;
            }
            Optional<ClusterView> view = Optional.ofNullable(views.get(arrived.getKey()));
            arrived.getValue().forEach(command -> {
                open.remove(command.command());
                view.ifPresentOrElse(exact -> command.command().answer().complete(new Answer(exact, command.done().partitions())),
                        () -> command.command().answer().completeExceptionally(notSeen(arrived.getKey())));
            });
            return true;
        });
        forgetViews();
    }

    /** For the last group of a controller that stepped down before it knew: the view may not be shown here yet, but it is the one the command left. */
    void answerWhenShown(PendingCommand pending, Answer answer) {
        views.put(answer.view().version(), answer.view());
        arrive(new Arriving(pending, new Message.Done(answer.view().version(), answer.partitions())));
    }

    private static MetadataUnavailable notSeen(long version) {
        return new MetadataUnavailable("the change was made with entry " + version + ", but this broker has not shown that view", null);
    }

    private void forgetViews() {
        if (open.isEmpty()) {
            views.clear();
        }
    }

    private void expireLater() {
        if (!expiring && !held.isEmpty()) {
            expiring = true;
            member.timer(Math.max(1, Math.min(member.times().commandMs(), earliest() - member.nowMs())), () -> {
                expiring = false;
                expire();
                expireLater();
            });
        }
    }

    private long earliest() {
        return held.stream().mapToLong(Held::untilMs).min().orElseThrow();
    }

    private void expire() {
        long nowMs = member.nowMs();
        held.removeIf(late -> {
            boolean expired = late.untilMs() <= nowMs;
            if (expired) {
                late.command().answer().completeExceptionally(new CommandRefused(Reason.NOT_CONTROLLER, "no controller was found in time"));
            }
            return expired;
        });
    }

    /** Everything fails so. */
    void fail(java.util.function.Supplier<MetadataException> error) {
        held.forEach(command -> command.command().answer().completeExceptionally(error.get()));
        open.forEach(command -> command.answer().completeExceptionally(error.get()));
        held.clear();
        open.clear();
        arriving.clear();
        views.clear();
    }
}
