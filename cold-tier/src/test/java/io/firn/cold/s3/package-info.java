/** The in-JVM S3 server that other modules' tests start as well, and the tests of the provider {@code s3}. Published in the module's test-jar. */
package io.firn.cold.s3;
