/** The rules of the house that a machine can check, over the compiled classes of all modules. Tests only. */
package io.firn.it.rules;
