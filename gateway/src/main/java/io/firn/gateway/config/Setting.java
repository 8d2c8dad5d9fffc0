package io.firn.gateway.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Describes one setting, on the record component that holds it. The loader, the bounds checks of the compact constructors and
 * the README's table are all driven by these.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Setting {
    /** Key part below the enclosing record, lower case, words joined with dots. */
    String key();

    /** Default in the form a user would write it; empty string for "none" of optional settings. */
    String value() default "";

    /** Unit of a number; empty for plain counts and texts. */
    String unit() default "";

    /** Smallest value of a number, inclusive. */
    long min() default Long.MIN_VALUE;

    /** Largest value of a number, inclusive. */
    long max() default Long.MAX_VALUE;

    /** The allowed values of a text; empty if any will do. */
    String[] oneOf() default {};

    /** The value is never printed, logged or put into an error. */
    boolean secret() default false;

    /** What it does, and what goes wrong if it is too small or too large. */
    String doc();
}
