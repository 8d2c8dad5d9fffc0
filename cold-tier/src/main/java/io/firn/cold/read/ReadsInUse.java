package io.firn.cold.read;

/**
 * What cold reads hold at a moment.
 *
 * @param reads in progress, not yet handed over
 * @param pinnedChunks counted once a pin
 * @param reservedUnits of the pin budget
 * @param usedUnits buffers of the pool in use, cached chunks included
 * @param madeUnits buffers there are, in use or to be used again
 * @param unreadUnits of them hold or await chunks fetched ahead that nobody has read
 * @param indexBytes kept
 * @param sequences known
 */
public record ReadsInUse(int reads, int pinnedChunks, int reservedUnits, int usedUnits, int madeUnits, int unreadUnits, long indexBytes, int sequences) {}
