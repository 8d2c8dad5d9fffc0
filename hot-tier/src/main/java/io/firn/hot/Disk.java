package io.firn.hot;

/** The port to the file system. To be specified with its contract test. */
public interface Disk {}
