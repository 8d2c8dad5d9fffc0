/**
 * Metrics, health and the brokers of the cluster over HTTP. Started by the composition root, which tells it what is ready; imports nothing else of Firn but the settings and the metadata.
 *
 * <p>Requests are answered on the listener's own event loop; only the scrape of the metrics, and what looks at all partitions, run on a worker thread.
 */
package io.firn.gateway.http;
