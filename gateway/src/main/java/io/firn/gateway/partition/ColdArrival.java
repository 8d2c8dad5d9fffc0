package io.firn.gateway.partition;

import io.firn.cold.ColdRead;
import io.firn.hot.AbortedTransaction;
import java.util.List;
import java.util.Optional;

/**
 * What a read of the cold tier has brought. Whoever it is given to releases the read.
 *
 * @param aborted the transactions among it that were aborted, for readers of what is committed only
 */
public record ColdArrival(ColdRead read, Optional<List<AbortedTransaction>> aborted) {}
