package io.firn.it.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Faults are what these tests are made of; nobody reads what brokers say to them. */
final class Silence implements BeforeAllCallback, AfterAllCallback {

    private static final Logger FIRN = (Logger) LoggerFactory.getLogger("io.firn");

    private Level level;

    @Override
    public void beforeAll(ExtensionContext test) {
        level = FIRN.getLevel();
        FIRN.setLevel(Level.OFF);
    }

    @Override
    public void afterAll(ExtensionContext test) {
        FIRN.setLevel(level);
    }
}
