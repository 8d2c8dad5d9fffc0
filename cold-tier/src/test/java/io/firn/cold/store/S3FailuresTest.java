package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of errors, row by row. */
class S3FailuresTest {

    @ParameterizedTest
    @CsvSource({"404,NoSuchKey,Missing,Missing", "404,'',Missing,Missing", "404,NoSuchUpload,Missing,Missing", "404,NoSuchBucket,Misconfigured,Misconfigured",
        "403,AccessDenied,Misconfigured,Misconfigured", "403,RequestTimeTooSkewed,Unavailable,Unavailable", "401,'',Misconfigured,Misconfigured",
        "400,ExpiredToken,Misconfigured,Misconfigured", "403,InvalidAccessKeyId,Misconfigured,Misconfigured", "400,InvalidArgument,Misconfigured,Misconfigured", "301,PermanentRedirect,Misconfigured,Misconfigured",
        "405,MethodNotAllowed,Misconfigured,Misconfigured", "501,NotImplemented,Misconfigured,Misconfigured", "416,InvalidRange,Corrupt,Corrupt",
        "400,RequestTimeout,Unavailable,Unavailable", "400,BadDigest,Unavailable,Unavailable", "400,IncompleteBody,Unavailable,Unavailable",
        "408,'',Unavailable,Unavailable", "409,ConditionalRequestConflict,Unavailable,Unavailable", "409,OperationAborted,Unavailable,Unavailable",
        "412,PreconditionFailed,Unavailable,Unavailable", "429,'',Unavailable,Unavailable", "500,InternalError,Unavailable,Uncertain",
        "502,'',Unavailable,Uncertain", "503,SlowDown,Unavailable,Uncertain", "504,'',Unavailable,Uncertain", "599,'',Unavailable,Uncertain"})
    void anAnswerBecomes(int status, String code, String forReads, String forWrites) {
        assertThat(S3Failures.ofAnswer(false, status, code, "GetObject", null).getClass().getSimpleName()).isEqualTo(forReads);
        assertThat(S3Failures.ofAnswer(true, status, code, "PutObject", null).getClass().getSimpleName()).isEqualTo(forWrites);
    }

    @Test
    void aBrokenConnectionLeavesAWriteUncertainUnlessItWasNeverMade() {
        assertThat(S3Failures.ofConnection(false, "x", new SocketException("reset"))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(S3Failures.ofConnection(true, "x", new SocketException("reset"))).isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(S3Failures.ofConnection(true, "x", new IOException(new ConnectException("refused")))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(S3Failures.ofConnection(true, "x", new RuntimeException(new UnknownHostException("s3")))).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void anObjectOfABatchThatCouldNotBeDeletedIsJudgedByItsCode() {
        assertThat(S3Failures.ofDeletion("AccessDenied", "x")).isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(S3Failures.ofDeletion("InternalError", "x")).isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(S3Failures.ofDeletion("SlowDown", "x")).isInstanceOf(ColdStoreException.Uncertain.class);
    }
}
