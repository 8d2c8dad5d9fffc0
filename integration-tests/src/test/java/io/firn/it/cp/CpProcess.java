package io.firn.it.cp;

import io.firn.membership.CpSeeds;
import io.firn.membership.CpSettings;
import io.firn.membership.CpSettings.Timings;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.MetadataStore;
import io.firn.membership.hazelcast.CpMember;
import io.firn.membership.storage.FileFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A process that is one member: takes a line of standard input as an order and answers each with a line.
 *
 * <pre>
 *  arguments   broker id, port, CP directory, ledger of this run, seeds, brokers to form with (ids with commas, or -), fault (see {@link FaultyFolder}, or -), load or rest
 *  ready       waits until it is ready       rest      stops changing the head and taking the lock        head     the head
 *  who         stage and name                members   names of the members                               promote  becomes a member
 *  remove N    removes member N              fill      the disk is full from now on                       stop     ends
 * </pre>
 */
public final class CpProcess {

    private static final long CALL_MS = 5_000;
    private static final long CHANGE_MS = 60_000;

    private final CpMember member;
    private final FaultyFolder folder;
    private final Ledger ledger;
    private final int id;
    private final List<Thread> load = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom();
    private volatile boolean resting;

    private CpProcess(int id, CpMember member, FaultyFolder folder, Ledger ledger) {
        this.id = id;
        this.member = member;
        this.folder = folder;
        this.ledger = ledger;
    }

    public static void main(String[] arguments) throws Exception {
        int id = Integer.parseInt(arguments[0]);
        CpSettings settings = new CpSettings(id, "it", Optional.of("127.0.0.1"), Integer.parseInt(arguments[1]), Optional.empty(), new CpSeeds.Listed(List.of(arguments[4].split(","))), 3,
                new Timings(5, 1, 5, 100));
        Set<Integer> formWith = arguments[5].equals("-") ? Set.of() : Stream.of(arguments[5].split(",")).map(Integer::valueOf).collect(Collectors.toSet());
        FaultyFolder folder = new FaultyFolder(FileFolder.open(Path.of(arguments[2])), arguments[6]);
        CpMember member = CpMember.start(settings, folder, formWith, CpMember.halting());
        CpProcess process = new CpProcess(id, member, folder, Ledger.create(Path.of(arguments[3])));
        if (arguments[7].equals("load")) {
            process.start("load-head", process::changeHead);
            process.start("load-lock", process::takeLock);
        }
        process.obey();
        System.exit(0);
    }

    private void obey() throws Exception {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String order = orders.readLine(); order != null && !order.equals("stop"); order = orders.readLine()) {
            System.out.println(answer(order));
            System.out.flush();
        }
        member.close();
    }

    private String answer(String order) {
        try {
            String[] words = order.split(" ");
            return switch (words[0]) {
                case "ready" -> {
                    member.ready().get(CHANGE_MS, TimeUnit.MILLISECONDS);
                    yield "ready";
                }
                case "rest" -> {
                    resting = true;
                    for (Thread thread : load) {
                        thread.join();
                    }
                    yield "resting";
                }
                case "head" -> {
                    Head head = member.metadataStore().readHead(CHANGE_MS).get().orElseThrow();
                    yield head.version() + " " + head.controllerEpoch() + " " + head.hash().a() + " " + head.hash().b() + " " + head.hash().c() + " " + head.hash().d();
                }
                case "who" -> member.stage() + " " + member.uuid();
                case "members" -> member.members().get(CHANGE_MS, TimeUnit.MILLISECONDS).stream().map(place -> place.uuid() + "@" + place.port()).sorted().collect(Collectors.joining(" "));
                case "promote" -> {
                    member.promote(CHANGE_MS).get(CHANGE_MS, TimeUnit.MILLISECONDS);
                    yield "promoted";
                }
                case "remove" -> {
                    member.remove(UUID.fromString(words[1]), CHANGE_MS).get(CHANGE_MS, TimeUnit.MILLISECONDS);
                    yield "removed";
                }
                case "fill" -> {
                    folder.fill();
                    yield "full";
                }
                default -> "error no order " + order;
            };
        } catch (Exception e) {
            return "error " + e;
        }
    }

    private interface Loop {
        void once() throws Exception;
    }

    private void start(String name, Loop loop) {
        Thread thread = new Thread(() -> {
            while (!resting) {
                try {
                    loop.once();
                } catch (ExecutionException | TimeoutException e) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // not now; and what became of it the next reading tells
                } catch (Exception e) {
                    e.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
            }
        }, name);
        thread.setDaemon(true);
        load.add(thread);
        thread.start();
    }

    private void changeHead() throws Exception {
        MetadataStore store = member.metadataStore();
        Optional<Head> seen = get(store.readHead(CALL_MS));
        while (!resting) {
            Head next = new Head(seen.map(Head::version).orElse(0L) + 1, id, new EntryHash(random.nextLong(), random.nextLong(), random.nextLong(), id));
            ledger.attempt(seen, next);
            if (get(store.compareAndSetHead(seen, next, CALL_MS))) {
                ledger.confirmed(next);
                seen = Optional.of(next);
            } else {
                seen = get(store.readHead(CALL_MS));
            }
        }
    }

    private void takeLock() throws Exception {
        MetadataStore store = member.metadataStore();
        OptionalInt epoch = get(store.acquireController(CALL_MS));
        if (epoch.isPresent()) {
            ledger.epoch(epoch.getAsInt());
            get(store.confirmController(epoch.getAsInt(), CALL_MS));
            get(store.releaseController(epoch.getAsInt(), CALL_MS));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(2 * CALL_MS, TimeUnit.MILLISECONDS);
    }
}
