package io.firn.hot;

/**
 * Why one record keeps its whole batch out.
 *
 * @param index of the record in its batch, from 0
 * @param message for the producer's developer
 */
public record RecordFault(int index, String message) {}
