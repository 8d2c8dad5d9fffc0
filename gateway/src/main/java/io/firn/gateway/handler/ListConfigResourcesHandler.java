package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigResource.Type;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListConfigResourcesRequest;

/** ListConfigResources: what configs there are to describe; of groups and client metrics those that have any. Thread-safe: no state of its own. */
final class ListConfigResourcesHandler implements ApiHandler {
    /** The kinds in the order Kafka lists them. */
    private static final List<Type> KINDS = List.of(Type.GROUP, Type.CLIENT_METRICS, Type.BROKER_LOGGER, Type.BROKER, Type.TOPIC);

    private final Metadata metadata;

    ListConfigResourcesHandler(Metadata metadata) {
        this.metadata = metadata;
    }

    @Override
    public void handle(Request request) {
        ListConfigResourcesRequest body = (ListConfigResourcesRequest) request.body();
        Set<Byte> supported = body.supportedResourceTypes();
        Collection<Byte> asked = body.data().resourceTypes().isEmpty() ? supported : body.data().resourceTypes();
        if (!supported.containsAll(asked)) {
            request.respond(new ListConfigResourcesResponseData().setErrorCode(Errors.UNSUPPORTED_VERSION.code()));
            return;
        }
        ClusterView view = metadata.view();
        request.respond(new ListConfigResourcesResponseData().setConfigResources(KINDS.stream().filter(kind -> asked.contains(kind.id()))
                .flatMap(kind -> names(view, kind).map(name -> new ConfigResource().setResourceName(name).setResourceType(kind.id()))).toList()));
    }

    private static Stream<String> names(ClusterView view, Type kind) {
        return switch (kind) {
            case GROUP -> view.groupConfigs().keySet().stream();
            case CLIENT_METRICS -> view.clients().metrics().keySet().stream();
            case BROKER, BROKER_LOGGER -> view.brokers().keySet().stream().map(String::valueOf);
            case TOPIC -> view.topics().keySet().stream();
            case UNKNOWN -> Stream.empty();
        };
    }
}
