package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/** Members that listen on every address of their machine, as in a container, and are told to the others by one. */
class WildcardTest {

    private static final int CONNECT_MS = 10_000;

    @Test
    void membersThatListenOnAllAddressesFormAndAreReachedAtEach() throws Exception {
        try (SimCluster cluster = new SimCluster(7, "0.0.0.0")) {
            cluster.start().ready();

            InetSocketAddress told = cluster.member(1).instance().hazelcast().getCluster().getLocalMember().getSocketAddress();
            assertThat(told.getAddress().isLoopbackAddress()).isTrue();
            InetAddress any = NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress()).findFirst().orElse(told.getAddress());
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(any, told.getPort()), CONNECT_MS);
            }
        }
    }
}
