/** How large a cluster has to be, and what it costs a month: pure functions of a workload and of prices, and nothing of a broker. The formulas are in the README's "Operating". Used by {@code firn size}. */
package io.firn.gateway.sizing;
