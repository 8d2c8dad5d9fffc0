/** What the module {@code gateway/release} has packed, installed as its users do: on roots where nothing of ours lies, with real processes. */
package io.firn.it.release;
