/*
 * What an image has to know of the program that goes into it: for which
 * machine it is, and which loader it asks for.  From the ELF header and the
 * program headers alone (System V ABI, "Object Files", "Program Loading").
 */
#ifndef PROTOCOL_OCI_ELF_H
#define PROTOCOL_OCI_ELF_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdint.h>

/* `{0}` is empty. */
struct elf_program {
	const char *architecture; /* as images name it: "amd64", "arm64"; static */
	char *interpreter;        /* path of the loader; NULL when statically linked; owned */
};
void elf_program_release(struct elf_program *e);
#define _cleanup_elf_program_ _cleanup_(elf_program_release)

/*
 * From the first n bytes of a file, which hold its headers.  E_INPUT for what
 * is no ELF program; E_UNSUPPORTED for one that is not 64 bit, not little
 * endian, or of a machine without a name here.
 */
int elf_parse(const void *p, size_t n, struct elf_program *ret, struct err *err) _must_check_;
int elf_read(const char *path, struct elf_program *ret, struct err *err) _must_check_;

#endif
