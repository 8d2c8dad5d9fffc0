/**
 * What the integration tests stand on: brokers, tools and old clients as processes of their own, and real clients with settings fit for tests. Called by the
 * tests of this module only. May import anything public of the other modules; starts nothing on fixed ports and leaves no process behind.
 */
package io.firn.it.harness;
