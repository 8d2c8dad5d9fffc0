package io.firn.cold.s3;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.http.SystemPropertyTlsKeyManagersProvider;

/**
 * How servers are known: by the JVM's trust store and by the name they are asked by, as with the SDK's own client; and by the key of {@code javax.net.ssl.keyStore}, if there is one, we are.
 *
 * <p>Made when it is first asked for, as reading the trust store takes its time. Thread-safe.
 */
final class ClientTls {

    private final Optional<TrustManagerFactory> trusted;
    private Optional<SslContext> context = Optional.empty(); // guarded by this

    private ClientTls(Optional<TrustManagerFactory> trusted) {
        this.trusted = trusted;
    }

    static ClientTls ofJvm() {
        return new ClientTls(Optional.empty());
    }

    /** With other authorities than the JVM's. */
    static ClientTls trusting(TrustManagerFactory authorities) {
        return new ClientTls(Optional.of(authorities));
    }

    synchronized SslContext context() throws SSLException {
        if (context.isEmpty()) {
            SslContextBuilder builder = SslContextBuilder.forClient().sslProvider(SslProvider.JDK).endpointIdentificationAlgorithm("HTTPS");
            trusted.ifPresent(builder::trustManager);
            KeyManager[] own = SystemPropertyTlsKeyManagersProvider.create().keyManagers();
            if (own != null && own.length > 0) {
                builder.keyManager(own[0]);
            }
            context = Optional.of(builder.build());
        }
        return context.get();
    }
}
