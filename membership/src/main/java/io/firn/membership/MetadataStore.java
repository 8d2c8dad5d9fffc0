package io.firn.membership;

/** The port to what elects the controller and holds the head of the journal. To be specified with its contract test. */
public interface MetadataStore {}
