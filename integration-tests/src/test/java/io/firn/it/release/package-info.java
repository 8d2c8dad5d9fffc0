/** What the module {@code release} has packed, installed as its users do: on roots where nothing of ours lies, with real processes. */
package io.firn.it.release;
