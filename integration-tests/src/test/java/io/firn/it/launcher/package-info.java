/** The {@code ./firn} launcher as its users meet it: real processes, signals, exit codes. Each test has its own directory and free ports. */
package io.firn.it.launcher;
