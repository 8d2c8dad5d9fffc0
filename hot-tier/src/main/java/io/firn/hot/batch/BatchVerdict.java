package io.firn.hot.batch;

import io.firn.hot.AppendError;
import io.firn.hot.RecordFault;
import java.util.List;

/** What {@link BatchCheck} found. */
public sealed interface BatchVerdict {

    /** The batch may be appended as far as its own bytes tell. */
    record Sound() implements BatchVerdict {
        static final Sound SOUND = new Sound();
    }

    /** The batch may not be appended; {@code message} is for the producer's developer. */
    record Refused(AppendError error, String message, List<RecordFault> faults) implements BatchVerdict {

        Refused(AppendError error, String message) {
            this(error, message, List.of());
        }
    }
}
