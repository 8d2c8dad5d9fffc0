package io.firn.membership;

import java.io.IOException;

/** Something to be done on the metadata thread. What it throws ends the metadata: state that was left halfway must not be used again. */
interface Work {
    void run() throws IOException;
}
