/** What provisions Firn: Terraform's modules and examples, and what they put on a machine. Runs their own test script; without Terraform or its AWS provider, each test is skipped and says why. */
package io.firn.it.provision;
