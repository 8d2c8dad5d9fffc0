/** Metrics and health over HTTP. */
package io.firn.gateway.http;
