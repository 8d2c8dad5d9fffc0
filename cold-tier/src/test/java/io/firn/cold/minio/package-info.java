/** The tests of the provider {@code minio}. */
package io.firn.cold.minio;
