package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.ObjectStoreConfig.Credentials;
import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.cold.store.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a store over HTTP does when the way to the server fails: each fault ends in the right result or exception, after a bounded number of requests, and nothing hangs.
 * A subclass names the provider.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class BucketFaultContract {

    private static final int ATTEMPTS = 3;
    private static final int LARGE_BYTES = (20 << 20) + 1; // two parts
    private static final AtomicInteger KEYS = new AtomicInteger();
    private static final DateTimeFormatter AMZ_DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Provider provider;
    private S3Server server;
    private ObjectStore direct;
    private FaultProxy proxy;
    private ObjectStore store;
    private String key;

    protected BucketFaultContract(Provider provider) {
        this.provider = provider;
    }

    @BeforeAll
    void startServer(@TempDir Path directory) {
        server = S3Server.start(directory);
        direct = ObjectStores.open(server.config(provider), new SimpleMeterRegistry());
        proxy = FaultProxy.start(server.port());
    }

    @AfterAll
    void stopServer() {
        proxy.close();
        direct.close();
        server.close();
    }

    @BeforeEach
    void open() {
        proxy.clear();
        store = open(proxy.endpoint(), 10_000);
        key = "faults/" + KEYS.incrementAndGet();
    }

    @AfterEach
    void close() {
        proxy.clear();
        store.close();
    }

    private ObjectStore open(URI endpoint, long requestTimeoutMs) {
        return open(endpoint, requestTimeoutMs, server.config(provider).credentials(), Optional.empty());
    }

    /** By way of the proxy, with the credentials of the provider's own chain. */
    protected final ObjectStore openWithCredentialChain() {
        return open(proxy.endpoint(), 10_000, Optional.empty(), Optional.empty());
    }

    private ObjectStore open(URI endpoint, long requestTimeoutMs, Optional<Credentials> credentials, Optional<Encryption> encryption) {
        return open(endpoint, requestTimeoutMs, credentials, encryption, new SimpleMeterRegistry());
    }

    private ObjectStore open(URI endpoint, long requestTimeoutMs, Optional<Credentials> credentials, Optional<Encryption> encryption, MeterRegistry registry) {
        ObjectStoreConfig config = server.config(provider, endpoint);
        return ObjectStores.open(new ObjectStoreConfig(provider, Optional.empty(), Optional.of(endpoint), config.region(), config.bucket(), credentials, true, 8, 2,
                requestTimeoutMs, ATTEMPTS, encryption), registry, new RetryPolicy(ATTEMPTS, 5, 20));
    }

    protected static <T> T await(CompletableFuture<T> future) {
        return ObjectStoreContract.await(future);
    }

    protected static <T extends Throwable> void assertFails(Class<T> expected, CompletableFuture<?> future) {
        ObjectStoreContract.assertFails(expected, future);
    }

    protected static ByteBuffer utf8(String text) {
        return ObjectStoreContract.utf8(text);
    }

    private void assertStored(String expected) {
        assertThat(ObjectStoreContract.toArray(await(direct.getSmall(key)))).isEqualTo(ObjectStoreContract.toArray(utf8(expected)));
    }

    private static Predicate<String> method(String method) {
        return line -> line.startsWith(method + " ");
    }

    private static Predicate<String> containing(String text) {
        return line -> line.contains(text);
    }

    private static UploadSource large() {
        return UploadSource.of(ByteBuffer.wrap(ObjectStoreContract.randomBytes(LARGE_BYTES, 5)));
    }

    // Errors that pass

    @Test
    void everyRequestSurvivesErrorsThatPass() {
        for (HttpFault fault : List.of(HttpFault.answering(503, "SlowDown"), HttpFault.answering(500, "InternalError"), HttpFault.answering(429, "TooManyRequests"),
                HttpFault.answering(502, "text/html", "<html>Bad gateway</html>"), HttpFault.answering(400, "RequestTimeout"), HttpFault.answering(403, "RequestTimeTooSkewed"), HttpFault.reset())) {
            String here = key + "/" + KEYS.incrementAndGet();
            proxy.inject(fault.times(ATTEMPTS - 1));
            assertThat(await(store.putIfAbsent(here, utf8("0123456789")))).isEqualTo(PutOutcome.CREATED);
            assertThat(proxy.requests(here)).isEqualTo(ATTEMPTS);
            fault.times(ATTEMPTS - 1);
            ByteBuffer target = ByteBuffer.allocateDirect(4);
            await(store.get(here, 3, target));
            assertThat(ObjectStoreContract.toArray(target)).isEqualTo(ObjectStoreContract.toArray(utf8("3456")));
            fault.times(ATTEMPTS - 1);
            assertThat(await(store.list(here, "", 10)).objects()).hasSize(1);
            fault.times(ATTEMPTS - 1);
            await(store.deleteAll(List.of(here)));
            proxy.clear();
        }
    }

    @Test
    void aHeadSurvivesErrorsThatPassThoughTheyHaveNoBody() {
        await(direct.putIfAbsent(key, utf8("x")));
        for (HttpFault fault : List.of(HttpFault.answering(503, "SlowDown"), HttpFault.answering(500, "InternalError"), HttpFault.answering(429, "TooManyRequests"))) {
            proxy.inject(fault.times(ATTEMPTS - 1));
            assertThat(await(store.head(key))).isPresent();
        }
    }

    @Test
    void anOutageEndsAsUnavailableForReadsAndAsUncertainForWritesThatWereSent() {
        proxy.inject(HttpFault.answering(503, "SlowDown"));
        assertFails(ColdStoreException.Unavailable.class, store.get(key, 0, ByteBuffer.allocate(1)));
        assertThat(proxy.requests(key)).isEqualTo(ATTEMPTS);
        assertFails(ColdStoreException.Unavailable.class, store.getSmall(key));
        assertFails(ColdStoreException.Unavailable.class, store.head(key));
        assertFails(ColdStoreException.Unavailable.class, store.list("", "", 1));
        assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent(key, utf8("x")));
        assertFails(ColdStoreException.Uncertain.class, store.put(key, UploadSource.of(utf8("x"))));
        assertFails(ColdStoreException.Uncertain.class, store.delete(key));
    }

    @Test
    void aStoreThatSaysToTryAgainAtOnceIsAskedNoMoreOftenThanAnyOther() {
        proxy.inject(HttpFault.answering(503, "text/plain\r\nRetry-After: 0", "busy"));
        assertFails(ColdStoreException.Unavailable.class, store.getSmall(key));
        assertThat(proxy.requests(key)).isEqualTo(ATTEMPTS);
    }

    @Test
    void aServerThatIsNotThereIsUnavailableAlsoForWrites() throws IOException {
        URI nowhere;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nowhere = URI.create("http://127.0.0.1:" + free.getLocalPort());
        }
        try (ObjectStore lost = open(nowhere, 10_000)) {
            assertFails(ColdStoreException.Unavailable.class, lost.putIfAbsent(key, utf8("x")));
            assertFails(ColdStoreException.Unavailable.class, lost.put(key, UploadSource.of(utf8("x"))));
            assertFails(ColdStoreException.Unavailable.class, lost.put(key, large()));
            assertFails(ColdStoreException.Unavailable.class, lost.getSmall(key));
        }
    }

    /** The AWS client sets its clock by the answer; a MinIO client asks until the machine's own is set. */
    @Test
    void aClockThatIsWrongIsNoRefusalForGood() {
        Instant theirs = Instant.now().plus(2, ChronoUnit.HOURS);
        proxy.inject(HttpFault.tooSkewed(theirs));
        assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent(key, utf8("x")));
        assertThat(proxy.requests(key)).isEqualTo(ATTEMPTS);
        List<Instant> dates = proxy.headers(key, "x-amz-date").stream().map(date -> AMZ_DATE.parse(date.orElseThrow(), Instant::from)).toList();
        assertThat(dates.get(0)).isBefore(theirs.minus(1, ChronoUnit.HOURS));
        if (provider == Provider.S3) {
            assertThat(dates.get(1)).isAfter(theirs.minus(1, ChronoUnit.HOURS));
        }
        assertThat(await(direct.head(key))).as("a refused write has not happened").isEmpty();
        proxy.clear();
        assertThat(await(store.putIfAbsent(key, utf8("x")))).as("the server itself sets the clock right again, also for clients made later").isEqualTo(PutOutcome.CREATED);
    }

    @Test
    void aConflictOfConditionalWritesIsTriedAgain() {
        proxy.inject(HttpFault.answering(409, "ConditionalRequestConflict").on(method("PUT")).times(1));
        assertThat(await(store.putIfAbsent(key, utf8("mine")))).isEqualTo(PutOutcome.CREATED);
        assertStored("mine");
    }

    // Errors that do not pass

    @Test
    void aRefusalIsNotRepeated() {
        for (HttpFault refusal : List.of(HttpFault.answering(403, "AccessDenied"), HttpFault.answering(400, "InvalidArgument"), HttpFault.answering(400, "ExpiredToken"),
                HttpFault.answering(403, "ExpiredToken"), HttpFault.answering(400, "KMS.DisabledException"),
                HttpFault.answering(404, "NoSuchBucket"), HttpFault.answering(501, "NotImplemented"), HttpFault.answering(301, "PermanentRedirect"))) {
            proxy.inject(refusal);
            assertFails(ColdStoreException.Misconfigured.class, store.putIfAbsent(key, utf8("x")));
            assertFails(ColdStoreException.Misconfigured.class, store.getSmall(key));
            try (ObjectStore fresh = open(proxy.endpoint(), 10_000)) {
                assertFails(ColdStoreException.Misconfigured.class, fresh.get(key, 0, ByteBuffer.allocate(1)));
                assertFails(ColdStoreException.Misconfigured.class, fresh.get(key, 0, ByteBuffer.allocate(1)));
            }
            assertThat(proxy.requests(key)).isEqualTo(4);
            proxy.clear();
            assertThat(await(store.putIfAbsent(key + "-" + KEYS.incrementAndGet(), utf8("x")))).as("asked again when it is mended").isEqualTo(PutOutcome.CREATED);
            proxy.clear();
        }
    }

    // Encryption

    @Test
    void everyObjectAsksForTheEncryptionThatIsSetAndNoneIfNoneIs() {
        assertAsksFor(Optional.empty(), Optional.empty(), Optional.empty());
        assertAsksFor(Optional.of(Encryption.S3), Optional.of("AES256"), Optional.empty());
        assertAsksFor(Optional.of(Encryption.kms(Optional.empty())), Optional.of("aws:kms"), Optional.empty());
        assertAsksFor(Optional.of(Encryption.kms(Optional.of("key-7"))), Optional.of("aws:kms"), Optional.of("key-7"));
    }

    /** What the server makes of it does not matter here: it keeps no keys. */
    private void assertAsksFor(Optional<Encryption> encryption, Optional<String> algorithm, Optional<String> keyId) {
        proxy.inject(HttpFault.answering(403, "AccessDenied").on(method("PUT").or(containing("?uploads"))));
        try (ObjectStore encrypting = open(proxy.endpoint(), 10_000, server.config(provider).credentials(), encryption)) {
            assertFails(ColdStoreException.Misconfigured.class, encrypting.putIfAbsent(key + "/small", utf8("x")));
            assertFails(ColdStoreException.Misconfigured.class, encrypting.put(key + "/whole", UploadSource.of(utf8("x"))));
            assertFails(ColdStoreException.Misconfigured.class, encrypting.put(key + "/parts", large()));
            assertThat(proxy.headers(key, "x-amz-server-side-encryption")).hasSize(3).containsOnly(algorithm);
            assertThat(proxy.headers(key, "x-amz-server-side-encryption-aws-kms-key-id")).hasSize(3).containsOnly(keyId);
        }
        proxy.clear();
    }

    // What is counted

    @Test
    void eachRequestOfAnOffloadAndAReplayIsCountedAsTheStoreSeesIt() {
        SimpleMeterRegistry counted = new SimpleMeterRegistry();
        SegmentFixture segment = new SegmentFixture(0, 1);
        Random random = new Random(11);
        for (int i = 0; i < 42; i++) {
            segment.batch(random, Compression.NONE, 1, 1 << 20);
        }
        proxy.inject(HttpFault.answering(503, "SlowDown").on(containing("?uploads")).times(1));
        proxy.inject(HttpFault.answering(503, "SlowDown").on(containing("partNumber=2")).times(2));
        proxy.inject(HttpFault.droppingReply().on(method("POST").and(containing("uploadId="))).times(1));
        ColdStoreConfig config = new ColdStoreConfig("counted", "cluster-a", 1 << 20, 48 << 20, 4, 8 << 20, 2, 10_000, 3, 60_000, false);
        try (ColdStore cold = ColdStore.open(config, open(proxy.endpoint(), 10_000, server.config(provider).credentials(), Optional.empty(), counted), InstantSource.system(), counted)) {
            await(cold.check());
            ColdLog log = await(cold.openLog(ColdFixture.PARTITION, 1));
            long created = counted(counted, "put_if_absent");
            await(log.append(segment));
            assertThat(counted(counted, "create_upload")).as("one repeated").isEqualTo(2);
            assertThat(counted(counted, "upload_part")).as("three parts, one of them three times").isEqualTo(5);
            assertThat(counted(counted, "complete_upload")).as("one whose reply was lost").isEqualTo(2);
            assertThat(counted(counted, "put_if_absent") - created).as("the manifest").isOne();
            assertCountedByMethod(counted);

            long before = counted(counted, "get");
            proxy.inject(HttpFault.reset().on(method("GET")).times(1));
            proxy.inject(HttpFault.cuttingBody().on(method("GET")).times(1));
            for (long offset = segment.batches().get(1).baseOffset(); offset < log.endOffset();) { // the indexes alone come first, over a kept connection
                ColdRead read = await(log.read(offset, 4 << 20, Long.MAX_VALUE, true));
                assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(offset, read.upperBoundOffset()));
                offset = read.upperBoundOffset();
                read.release();
            }
            assertThat(counted(counted, "get") - before).as("those of the reads, one that was reset and one that went on behind what it had").isEqualTo((long) counted.get("firn.cold.gets").counter().count() + 2);
            assertThat(counted(counted, "get", provider == Provider.S3 ? "resent" : "unavailable")).isEqualTo(provider == Provider.S3 ? 1 : 2);
            assertCountedByMethod(counted);
        }
    }

    @Test
    void whatFailsAndWhatIsDeletedIsCountedToo() {
        SimpleMeterRegistry counted = new SimpleMeterRegistry();
        try (ObjectStore metered = open(proxy.endpoint(), 10_000, server.config(provider).credentials(), Optional.empty(), counted)) {
            proxy.inject(HttpFault.answering(503, "SlowDown").on(containing("partNumber=2")));
            proxy.inject(HttpFault.droppingReply().on(method("PUT").and(containing("lost"))).times(1));
            assertFails(ColdStoreException.Unavailable.class, metered.put(key + "/large", large()));
            await(metered.put(key + "/whole", UploadSource.of(utf8("12345"))));
            assertThat(await(metered.putIfAbsent(key + "/lost", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
            assertThat(await(metered.putIfAbsent(key + "/lost", utf8("other")))).isEqualTo(PutOutcome.EXISTED);
            assertFails(ColdStoreException.Missing.class, metered.getSmall(key + "/none"));
            await(metered.list(key, "", 10));
            await(metered.delete(key + "/whole"));
            await(metered.deleteAll(List.of(key + "/lost", key + "/none")));
        }
        assertThat(counted(counted, "upload_part", "ok")).isOne();
        assertThat(counted(counted, "upload_part", "uncertain")).isEqualTo(ATTEMPTS);
        assertThat(counted(counted, "abort_upload", "ok")).isOne();
        assertThat(counted(counted, "put_if_absent", "uncertain")).isOne();
        assertThat(counted(counted, "put_if_absent", "existed")).as("one that was ours, one that was not").isEqualTo(2);
        assertThat(counted(counted, "get_small", "missing")).isOne();
        assertThat(counted(counted, "delete", "ok")).isOne();
        assertThat(counted(counted, "delete_all", "ok")).isOne();
        assertThat(counted.get("firn.cold.store.written.bytes").counter().count()).as("the part that arrived, and a small object").isEqualTo((20 << 20) + 5);
        assertThat(counted.get("firn.cold.store.read.bytes").counter().count()).as("the comparison after the lost reply").isEqualTo(4);
        assertCountedByMethod(counted);
    }

    /** By the table of operations in the README. */
    private void assertCountedByMethod(MeterRegistry counted) {
        assertThat(counted(counted, "put") + counted(counted, "put_if_absent") + counted(counted, "upload_part")).isEqualTo(proxy.requests("PUT "));
        assertThat(counted(counted, "create_upload") + counted(counted, "complete_upload") + counted(counted, "delete_all")).isEqualTo(proxy.requests("POST "));
        assertThat(counted(counted, "get") + counted(counted, "get_small") + counted(counted, "list")).isEqualTo(proxy.requests("GET "));
        assertThat(counted(counted, "list")).isEqualTo(proxy.requests("list-type=2"));
        assertThat(counted(counted, "head")).isEqualTo(proxy.requests("HEAD "));
        assertThat(counted(counted, "delete") + counted(counted, "abort_upload")).isEqualTo(proxy.requests("DELETE "));
        assertThat(counted.find("firn.cold.store.requests").timers().stream().mapToLong(Timer::count).sum()).as("no operation that is not named here").isEqualTo(proxy.requests(""));
    }

    private static long counted(MeterRegistry counted, String operation) {
        return counted.find("firn.cold.store.requests").tag("operation", operation).timers().stream().mapToLong(Timer::count).sum();
    }

    private static long counted(MeterRegistry counted, String operation, String outcome) {
        return counted.find("firn.cold.store.requests").tag("operation", operation).tag("outcome", outcome).timers().stream().mapToLong(Timer::count).sum();
    }

    // Lost replies

    @Test
    void aCreateWhoseReplyWasLostIsRecognizedAsOurs() {
        for (HttpFault loss : List.of(HttpFault.droppingReply(), HttpFault.resettingReply())) {
            String here = key + "/" + KEYS.incrementAndGet();
            proxy.inject(loss.on(method("PUT")).times(1));
            assertThat(await(store.putIfAbsent(here, utf8("mine")))).isEqualTo(PutOutcome.CREATED);
            assertThat(await(store.putIfAbsent(here, utf8("other")))).isEqualTo(PutOutcome.EXISTED);
        }
    }

    @Test
    void aLostReplyDoesNotMakeSomebodyElsesObjectOurs() {
        await(direct.putIfAbsent(key, utf8("theirs")));
        proxy.inject(HttpFault.droppingReply().on(method("PUT")).times(1));
        assertThat(await(store.putIfAbsent(key, utf8("mine")))).isEqualTo(PutOutcome.EXISTED);
        assertStored("theirs");
    }

    @Test
    void aCreateWhoseRepliesAreAllLostIsUncertainThoughItHappened() {
        proxy.inject(HttpFault.droppingReply().on(method("PUT")));
        assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent(key, utf8("mine")));
        assertStored("mine");
    }

    @Test
    void aRefusalAfterALostReplyIsStillUncertain() {
        proxy.inject(HttpFault.droppingReply().on(method("PUT")).times(1));
        proxy.inject(HttpFault.answering(403, "AccessDenied").on(method("PUT")));
        assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent(key, utf8("mine")));
    }

    @Test
    void anUploadSurvivesTheLossOfAnyReply() {
        for (Predicate<String> request : List.of(containing("?uploads"), containing("partNumber=2"), method("POST").and(containing("uploadId=")), method("HEAD"))) {
            String here = key + "/" + KEYS.incrementAndGet();
            proxy.inject(HttpFault.droppingReply().on(request).times(1));
            assertThat(await(store.put(here, large())).sizeBytes()).isEqualTo(LARGE_BYTES);
            ByteBuffer read = ByteBuffer.allocate(LARGE_BYTES);
            await(direct.get(here, 0, read));
            assertThat(Arrays.equals(read.array(), ObjectStoreContract.randomBytes(LARGE_BYTES, 5))).isTrue();
        }
    }

    // Uploads

    @Test
    void anUploadWithAPartThatNeverArrivesLeavesNothingVisibleAndIsAborted() {
        proxy.inject(HttpFault.answering(503, "SlowDown").on(containing("partNumber=2")));
        assertFails(ColdStoreException.Unavailable.class, store.put(key, large()));
        assertThat(await(direct.head(key))).isEmpty();
        assertThat(proxy.requests("partNumber=2")).isEqualTo(ATTEMPTS);
        assertThat(proxy.requests("DELETE ")).isOne();
    }

    @Test
    void anUploadThatCannotBeCompletedIsUncertain() {
        proxy.inject(HttpFault.answering(503, "SlowDown").on(method("POST").and(containing("uploadId="))));
        assertFails(ColdStoreException.Uncertain.class, store.put(key, large()));
        assertThat(await(direct.head(key))).isEmpty();
    }

    @Test
    void aBodyThatTheServerFindsDamagedIsSentAgain() {
        proxy.inject(HttpFault.answering(400, "BadDigest").on(containing("partNumber=1")).times(1));
        assertThat(await(store.put(key, large())).sizeBytes()).isEqualTo(LARGE_BYTES);
    }

    // Bodies

    @Test
    void aBodyCutShortIsReadAgainAndUnavailableIfThatGoesOn() {
        byte[] bytes = ObjectStoreContract.randomBytes(300_000, 6);
        await(direct.put(key, UploadSource.of(ByteBuffer.wrap(bytes))));
        HttpFault cut = proxy.inject(HttpFault.cuttingBody().on(method("GET")).times(1));
        ByteBuffer target = ByteBuffer.allocateDirect(bytes.length);
        await(store.get(key, 0, target));
        assertThat(ObjectStoreContract.toArray(target)).isEqualTo(bytes);
        cut.times(1);
        assertThat(await(store.getSmall(key)).remaining()).isEqualTo(bytes.length);
        cut.times(100);
        assertFails(ColdStoreException.Unavailable.class, store.get(key, 0, target));
        assertFails(ColdStoreException.Unavailable.class, store.getSmall(key));
    }

    @Test
    void silenceEndsAfterTheTimeLimit() {
        await(direct.putIfAbsent(key, utf8("0123456789")));
        try (ObjectStore hasty = open(proxy.endpoint(), 300)) {
            HttpFault stall = proxy.inject(HttpFault.stallingBody().on(method("GET")));
            assertFails(ColdStoreException.Unavailable.class, hasty.get(key, 0, ByteBuffer.allocate(10)));
            stall.release();
            proxy.inject(HttpFault.silence());
            CompletableFuture<?> read = hasty.getSmall(key);
            CompletableFuture<?> write = hasty.putIfAbsent(key + "-write", utf8("x"));
            assertFails(ColdStoreException.Unavailable.class, read);
            assertFails(ColdStoreException.Uncertain.class, write);
        }
    }

    @Test
    void aSlowBodyIsProgressHoweverLongItTakes() {
        byte[] bytes = ObjectStoreContract.randomBytes(60_000, 7);
        await(direct.put(key, UploadSource.of(ByteBuffer.wrap(bytes))));
        try (ObjectStore patient = open(proxy.endpoint(), 1_500)) {
            proxy.inject(HttpFault.slowBody(300).on(method("GET"))); // 1.8 s in all
            ByteBuffer target = ByteBuffer.allocateDirect(bytes.length);
            await(patient.get(key, 0, target));
            assertThat(ObjectStoreContract.toArray(target)).isEqualTo(bytes);
            assertThat(proxy.requests(key)).isOne();
        }
    }

    @Test
    void aFirstByteThatTakesItsTimeIsWaitedForAndIsNoReasonToAskAgain() {
        byte[] bytes = ObjectStoreContract.randomBytes(60_000, 9);
        await(direct.put(key, UploadSource.of(ByteBuffer.wrap(bytes))));
        proxy.inject(HttpFault.slowAnswer(1_000).on(method("GET").or(method("HEAD"))));
        ByteBuffer target = ByteBuffer.allocateDirect(bytes.length);
        await(store.get(key, 0, target));
        assertThat(ObjectStoreContract.toArray(target)).isEqualTo(bytes);
        assertThat(await(store.head(key))).isPresent();
        assertThat(proxy.requests(key)).isEqualTo(2);
    }

    @Test
    void closingEndsRequestsInFlightAndNeverTouchesTheirTargetsAgain() throws InterruptedException {
        byte[] bytes = ObjectStoreContract.randomBytes(300_000, 8);
        await(direct.put(key, UploadSource.of(ByteBuffer.wrap(bytes))));
        ObjectStore patient = open(proxy.endpoint(), 60_000);
        HttpFault stall = proxy.inject(HttpFault.stallingBody().on(method("GET")));
        HttpFault silence = proxy.inject(HttpFault.silence().on(method("PUT")));
        ByteBuffer target = ByteBuffer.allocateDirect(bytes.length);
        CompletableFuture<?> read = patient.get(key, 0, target);
        CompletableFuture<?> write = patient.putIfAbsent(key + "-write", utf8("x"));
        CompletableFuture<?> upload = patient.put(key + "-upload", large());
        assertThat(stall.awaitReached() && silence.awaitReached()).isTrue();
        patient.close();
        assertFails(ColdStoreException.Unavailable.class, read);
        assertFails(ColdStoreException.Uncertain.class, write);
        assertFails(ColdStoreException.class, upload);
        byte[] before = ObjectStoreContract.toArray(target.clear());
        stall.release();
        assertThat(ObjectStoreContract.toArray(target)).isEqualTo(before);
    }
}
