/** What must not cost a record: kill -9, damaged files, a full disk, hostile clients. Tests only. */
package io.firn.it.fault;
