package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeClusterRequest;

/** DescribeCluster: the cluster id and its brokers. Thread-safe: no state of its own. */
final class DescribeClusterHandler implements ApiHandler {
    /** KIP-919: 1 asks for brokers, 2 for controllers. */
    private static final byte BROKERS = 1;
    private static final byte CONTROLLERS = 2;

    private final int brokerId;
    private final Metadata metadata;

    DescribeClusterHandler(int brokerId, Metadata metadata) {
        this.brokerId = brokerId;
        this.metadata = metadata;
    }

    @Override
    public void handle(Request request) {
        request.respond(answer(metadata.view(), ((DescribeClusterRequest) request.body()).data(), brokerId));
    }

    static DescribeClusterResponseData answer(ClusterView view, DescribeClusterRequestData body, int brokerId) {
        if (body.endpointType() != BROKERS) {
            return body.endpointType() == CONTROLLERS
                    ? refused(Errors.MISMATCHED_ENDPOINT_TYPE, "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER")
                    : refused(Errors.UNSUPPORTED_ENDPOINT_TYPE, "Unsupported endpoint type " + body.endpointType());
        }
        DescribeClusterResponseData response = new DescribeClusterResponseData().setClusterId(view.clusterId())
                .setControllerId(new TopicDescriptions(view).controllerId(brokerId));
        view.brokers().values().stream().filter(broker -> body.includeFencedBrokers() || !broker.fenced()).forEach(broker -> response.brokers().add(described(broker)));
        return body.includeClusterAuthorizedOperations() ? response.setClusterAuthorizedOperations(AuthorizedOperations.CLUSTER) : response;
    }

    private static DescribeClusterResponseData refused(Errors error, String message) {
        return new DescribeClusterResponseData().setErrorCode(error.code()).setErrorMessage(message);
    }

    private static DescribeClusterBroker described(BrokerView broker) {
        return new DescribeClusterBroker().setBrokerId(broker.id()).setHost(broker.host()).setPort(broker.port()).setRack(broker.rack().orElse(null)).setIsFenced(broker.fenced());
    }
}
