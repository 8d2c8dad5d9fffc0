package io.firn.membership;

/** How a {@link ScramCredential} was derived. */
public enum ScramMechanism { SHA_256, SHA_512 }
