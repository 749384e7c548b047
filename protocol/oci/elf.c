/* ELF headers, read field by field: the bytes may be anything. */
#include "protocol/oci/elf.h"

#include "base/str.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { HEADERS_MAX = 65536 }; /* linkers put headers and the loader's name first */

/* Names of GOARCH, which image configurations use. */
static const struct machine {
	unsigned number;
	const char *name;
} machines[] = {
	{EM_X86_64, "amd64"},
	{EM_AARCH64, "arm64"},
	{EM_PPC64, "ppc64le"},
	{EM_RISCV, "riscv64"},
};

void elf_program_release(struct elf_program *e)
{
	free(e->interpreter);
	*e = (struct elf_program){0};
}

static int check_header(const Elf64_Ehdr *h, struct err *err)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(err, E_INPUT, "not an ELF program");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return err_set(err, E_UNSUPPORTED,
			       "not a 64-bit little-endian program: no server runs it");
	if (le16toh(h->e_type) != ET_EXEC && le16toh(h->e_type) != ET_DYN)
		return err_set(err, E_INPUT, "an ELF file, but not a program");
	if (le16toh(h->e_phentsize) != sizeof(Elf64_Phdr))
		return err_set(err, E_INPUT, "an ELF file with headers of another size");
	return 0;
}

static int find_machine(unsigned number, const char **ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (machines[i].number != number)
			continue;
		*ret = machines[i].name;
		return 0;
	}
	return err_set(err, E_UNSUPPORTED, "a program for a machine (%u) without a name for images",
		       number);
}

static int take_interpreter(const char *p, size_t n, uint64_t offset, uint64_t size, char **ret,
			    struct err *err)
{
	if (offset > n || size > n - offset || size < 2 || p[offset + size - 1] != '\0' ||
	    p[offset] != '/')
		return err_set(err, E_INPUT, "an ELF program whose loader's name cannot be read");
	free(*ret);
	*ret = str_ndup(p + offset, size - 1);
	return *ret ? 0 : err_nomem(err);
}

int elf_parse(const void *p, size_t n, struct elf_program *ret, struct err *err)
{
	_cleanup_elf_program_ struct elf_program e = {0};
	Elf64_Ehdr h;
	uint64_t at;
	int r;

	if (n < sizeof(h))
		return err_set(err, E_INPUT, "not an ELF program");
	memcpy(&h, p, sizeof(h));
	r = check_header(&h, err);
	if (r == 0)
		r = find_machine(le16toh(h.e_machine), &e.architecture, err);
	at = le64toh(h.e_phoff);
	for (unsigned i = 0; r == 0 && i < le16toh(h.e_phnum); i++, at += sizeof(Elf64_Phdr)) {
		Elf64_Phdr ph;

		if (at > n || sizeof(ph) > n - at)
			return err_set(err, E_INPUT, "an ELF program whose headers are cut off");
		memcpy(&ph, (const char *)p + at, sizeof(ph));
		if (le32toh(ph.p_type) == PT_INTERP)
			r = take_interpreter(p, n, le64toh(ph.p_offset), le64toh(ph.p_filesz),
					     &e.interpreter, err);
	}
	if (r < 0)
		return r;
	*ret = e;
	e = (struct elf_program){0};
	return 0;
}

int elf_read(const char *path, struct elf_program *ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *head = malloc(HEADERS_MAX);
	ssize_t n;

	if (!head)
		return err_nomem(err);
	if (fd < 0)
		return err_set_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s", path);
	n = pread(fd, head, HEADERS_MAX, 0);
	if (n < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	return elf_parse(head, (size_t)n, ret, err) < 0 ? err_prefix(err, "%s", path) : 0;
}
