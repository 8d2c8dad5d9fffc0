/** The broker's settings: one tree of records, each component with its key, default and meaning. */
package io.firn.gateway.config;
