package io.firn.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.hot.AppendError;
import io.firn.hot.replication.FetchError;
import io.firn.membership.CommandRefused;
import io.firn.membership.MetadataException;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataUnavailable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every operating error of every module has a Kafka code of its own choosing, and clients do with it what they should. */
class ErrorMappingTest {

    private static final List<ColdStoreException> COLD = List.of(new ColdStoreException.Unavailable("x", null), new ColdStoreException.Uncertain("x", null),
            new ColdStoreException.SourceFailed("x", null), new ColdStoreException.Fenced("x"), new ColdStoreException.Corrupt("x", null),
            new ColdStoreException.Missing("x"), new ColdStoreException.Misconfigured("x", null));

    private static final List<MetadataException> METADATA = List.of(new CommandRefused(CommandRefused.Reason.TOPIC_EXISTS, "x"), new MetadataUnavailable("x", null),
            new MetadataOutcomeUnknown("x", null), new MetadataOpenFailed(MetadataOpenFailed.Reason.UNAVAILABLE, "x"));

    private static boolean retriable(Errors error) {
        return error.exception() instanceof RetriableException;
    }

    @ParameterizedTest
    @EnumSource(AppendError.class)
    void everyRefusedAppendHasACode(AppendError error) {
        assertThat(ErrorMapping.of(error)).isNotEqualTo(Errors.NONE);
        assertThat(ErrorMapping.of(error) == Errors.UNKNOWN_SERVER_ERROR).isEqualTo(error == AppendError.UNEXPECTED);
    }

    @ParameterizedTest
    @EnumSource(FetchError.class)
    void everyReasonAgainstAReplicasFetchIsUnderstoodByTheFollower(FetchError error) {
        assertThat(ErrorMapping.of(error)).isNotEqualTo(Errors.NONE);
        assertThat(ErrorMapping.fetchError(ErrorMapping.of(error))).isEqualTo(error);
    }

    @ParameterizedTest
    @EnumSource(CommandRefused.Reason.class)
    void everyRefusedCommandHasACode(CommandRefused.Reason reason) {
        assertThat(ErrorMapping.of(reason)).isNotIn(Errors.NONE, Errors.UNKNOWN_SERVER_ERROR);
        assertThat(ErrorMapping.of(new CommandRefused(reason, "x"))).isEqualTo(ErrorMapping.of(reason));
    }

    @Test
    void everyErrorOfTheColdTierIsRetriable() {
        assertThat(classes(COLD)).isEqualTo(leaves(ColdStoreException.class));
        assertThat(COLD).allMatch(error -> retriable(ErrorMapping.of(error)));
    }

    @Test
    void everyErrorOfTheMetadataHasACode() {
        assertThat(classes(METADATA)).isEqualTo(leaves(MetadataException.class));
        assertThat(METADATA).noneMatch(error -> ErrorMapping.of(error) == Errors.UNKNOWN_SERVER_ERROR);
    }

    @Test
    void whatWillPassIsRetriableAndWhatWillNotIsNot() {
        assertThat(List.of(AppendError.DISK_FULL, AppendError.OFFLINE, AppendError.TOO_MANY_PRODUCERS)).allMatch(error -> retriable(ErrorMapping.of(error)));
        assertThat(List.of(AppendError.INVALID_RECORD, AppendError.TOO_LARGE, AppendError.INVALID_TIMESTAMP, AppendError.UNSUPPORTED_FORMAT,
                AppendError.INVALID_PRODUCER_EPOCH, AppendError.OUT_OF_ORDER_SEQUENCE, AppendError.UNEXPECTED)).noneMatch(error -> retriable(ErrorMapping.of(error)));
    }

    @Test
    void inputAndOutputErrorsAreStorageErrors() {
        assertThat(ErrorMapping.of(new IOException("the log is closed"))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        assertThat(ErrorMapping.of(new CompletionException(new UncheckedIOException(new IOException("gone"))))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
    }

    @Test
    void wrappersOfFuturesAreLookedThroughAndBugsStayUnknown() {
        assertThat(ErrorMapping.of(new CompletionException(new ExecutionException(new TopicExistsException("x"))))).isEqualTo(Errors.TOPIC_ALREADY_EXISTS);
        assertThat(ErrorMapping.of(new CompletionException("without a cause", null))).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
        assertThat(ErrorMapping.of(new IllegalStateException("a bug"))).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
    }

    private static Set<Class<?>> classes(List<?> objects) {
        return objects.stream().map(Object::getClass).collect(Collectors.toSet());
    }

    private static Set<Class<?>> leaves(Class<?> sealed) {
        return sealed.isSealed()
                ? Arrays.stream(sealed.getPermittedSubclasses()).flatMap(sub -> leaves(sub).stream()).collect(Collectors.toSet())
                : Set.of(sealed);
    }
}
