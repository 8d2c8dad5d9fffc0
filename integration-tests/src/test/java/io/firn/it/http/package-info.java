/** The broker as orchestrators and Prometheus see it. Tests only. */
package io.firn.it.http;
