// Package trust tells whether the other end of a TLS connection is the one that was
// meant, and if not, why: one word for machines, and a sentence for a person that
// says what to mend.
//
// It opens no connection, reads no file and no clock. Package probe asks it for
// probes, package relay for what it carries.
package trust
