package io.firn.it.differential;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.protocol.ApiKeys;

/** How often each API is drawn. */
final class Weights {

    private static final int USUAL = 3;
    private static final Map<ApiKeys, Integer> WEIGHTS = new EnumMap<>(Map.ofEntries(
            Map.entry(ApiKeys.PRODUCE, 20), Map.entry(ApiKeys.FETCH, 14), Map.entry(ApiKeys.LIST_OFFSETS, 6), Map.entry(ApiKeys.METADATA, 5), Map.entry(ApiKeys.OFFSET_COMMIT, 7),
            Map.entry(ApiKeys.OFFSET_FETCH, 6), Map.entry(ApiKeys.JOIN_GROUP, 8), Map.entry(ApiKeys.SYNC_GROUP, 5), Map.entry(ApiKeys.HEARTBEAT, 4), Map.entry(ApiKeys.CREATE_TOPICS, 5),
            Map.entry(ApiKeys.DELETE_TOPICS, 1), Map.entry(ApiKeys.INIT_PRODUCER_ID, 8), Map.entry(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 8), Map.entry(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 4),
            Map.entry(ApiKeys.DESCRIBE_CONFIGS, 4), Map.entry(ApiKeys.ADD_PARTITIONS_TO_TXN, 8), Map.entry(ApiKeys.END_TXN, 8), Map.entry(ApiKeys.ADD_OFFSETS_TO_TXN, 5),
            Map.entry(ApiKeys.TXN_OFFSET_COMMIT, 6), Map.entry(ApiKeys.SHARE_GROUP_HEARTBEAT, 6), Map.entry(ApiKeys.STREAMS_GROUP_HEARTBEAT, 6), Map.entry(ApiKeys.WRITE_TXN_MARKERS, 1),
            Map.entry(ApiKeys.DELETE_GROUPS, 2), Map.entry(ApiKeys.DELETE_RECORDS, 2), Map.entry(ApiKeys.CREATE_PARTITIONS, 2),
            Map.entry(ApiKeys.ALTER_CLIENT_QUOTAS, 5), Map.entry(ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, 4), Map.entry(ApiKeys.SASL_HANDSHAKE, 1), Map.entry(ApiKeys.SASL_AUTHENTICATE, 1),
            Map.entry(ApiKeys.UNREGISTER_BROKER, 1), Map.entry(ApiKeys.CREATE_ACLS, 1), Map.entry(ApiKeys.DELETE_ACLS, 1), Map.entry(ApiKeys.DESCRIBE_ACLS, 1),
            Map.entry(ApiKeys.CREATE_DELEGATION_TOKEN, 1), Map.entry(ApiKeys.RENEW_DELEGATION_TOKEN, 1), Map.entry(ApiKeys.EXPIRE_DELEGATION_TOKEN, 1),
            Map.entry(ApiKeys.DESCRIBE_DELEGATION_TOKEN, 1)));

    /** Not drawn: what changes the voters of KRaft. */
    private static final Set<ApiKeys> NEVER = EnumSet.of(ApiKeys.ADD_RAFT_VOTER, ApiKeys.REMOVE_RAFT_VOTER);

    private Weights() {}

    static int of(ApiKeys api) {
        return NEVER.contains(api) ? 0 : WEIGHTS.getOrDefault(api, USUAL);
    }
}
