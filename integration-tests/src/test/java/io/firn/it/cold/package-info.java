/** Both tiers behind one door: offload, local and total retention, cold reads, and bucket outages. Tests only. */
package io.firn.it.cold;
