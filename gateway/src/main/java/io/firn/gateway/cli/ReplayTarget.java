package io.firn.gateway.cli;

import io.firn.cold.ColdRecord;

/** Where replayed records go. Its lanes are used side by side, each by one thread. */
interface ReplayTarget extends AutoCloseable {

    /** Takes the records of one partition, in order. */
    interface Lane extends AutoCloseable {
        /** May block while the target is busy. {@link CliFailure} when it takes no more. The record is valid only during the call. */
        void write(ColdRecord record);

        /** All were written: returns when they have arrived; {@link CliFailure} if not all did. */
        void finish();

        /** After {@link #finish}, or without it when the partition was not read to its end. */
        @Override
        void close();
    }

    Lane lane(int partition);

    @Override
    void close();
}
