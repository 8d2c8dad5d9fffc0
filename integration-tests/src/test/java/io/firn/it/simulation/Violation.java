package io.firn.it.simulation;

/** Something that must never be. */
final class Violation extends AssertionError {

    private static final long serialVersionUID = 1L;

    Violation(String invariant, String what) {
        super(invariant + ": " + what);
    }
}
