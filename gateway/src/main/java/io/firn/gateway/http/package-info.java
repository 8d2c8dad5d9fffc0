/**
 * Metrics and health over HTTP. Started by the composition root, which tells it what is ready; imports nothing else of Firn but the settings.
 *
 * <p>Requests are answered on the listener's own event loop; only the scrape of the metrics runs on a worker thread.
 */
package io.firn.gateway.http;
