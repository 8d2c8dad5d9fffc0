/** The command line: {@code firn up}, {@code topic}, {@code produce}, {@code consume}, {@code demo}. */
package io.firn.gateway.cli;
