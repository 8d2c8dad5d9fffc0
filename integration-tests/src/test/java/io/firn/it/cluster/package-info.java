/**
 * Several brokers as processes of their own that form one cluster, the faults that are done to them, stock clients that work on it throughout, and the checker that tells from what these
 * clients saw whether the cluster kept its promises.
 */
package io.firn.it.cluster;
