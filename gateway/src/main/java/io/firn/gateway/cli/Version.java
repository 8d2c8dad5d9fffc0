package io.firn.gateway.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: Firn's version from the jar's manifest, and the Java it runs on. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Main.class.getPackage().getImplementationVersion();
        return new String[] {"firn " + (version == null ? "(not from a jar)" : version) + ", Java " + Runtime.version()};
    }
}
