package io.firn.gateway.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Describes one setting, on the record component that holds it. The README's table is generated from these. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
    /** Key part below the enclosing record, lower case, words joined with dots or hyphens as elsewhere. */
    String key();

    /** Default in the form a user would write it; empty string for "none" of optional settings. */
    String value() default "";

    String unit() default "";

    /** What it does, and what goes wrong if it is too small or too large. */
    String doc();
}
