package io.firn.it.differential;

import java.util.Optional;
import org.apache.kafka.common.protocol.types.Struct;

/**
 * What came of a request at one side.
 *
 * @param body present when there was an answer
 * @param end how it ended otherwise: closed, silent, unreadable
 */
record Answer(Optional<Struct> body, String end) {

    static Answer of(Struct body) {
        return new Answer(Optional.of(body), "answered");
    }

    static Answer none(String end) {
        return new Answer(Optional.empty(), end);
    }

    @Override
    public String toString() {
        return body.map(Readable::text).orElse(end);
    }
}
