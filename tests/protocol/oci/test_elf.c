/* protocol/oci/elf.c */
#include "protocol/oci/elf.h"

#include "base/fs.h"
#include "base/str.h"

#include "tests/harness.h"

#include <elf.h>

struct program {
	Elf64_Ehdr h;
	Elf64_Phdr ph;
	char interpreter[16];
};

static struct program make(unsigned machine)
{
	struct program p = {
		.h = {.e_type = ET_DYN,
		      .e_machine = (Elf64_Half)machine,
		      .e_phoff = sizeof(Elf64_Ehdr),
		      .e_phentsize = sizeof(Elf64_Phdr),
		      .e_phnum = 1},
		.ph = {.p_type = PT_INTERP,
		       .p_offset = offsetof(struct program, interpreter),
		       .p_filesz = 8},
		.interpreter = "/lib/ld",
	};

	memcpy(p.h.e_ident, ELFMAG, SELFMAG);
	p.h.e_ident[EI_CLASS] = ELFCLASS64;
	p.h.e_ident[EI_DATA] = ELFDATA2LSB;
	return p;
}

TEST(architecture_and_loader)
{
	static const struct {
		unsigned machine;
		const char *name;
	} cases[] = {{EM_X86_64, "amd64"}, {EM_AARCH64, "arm64"}, {EM_RISCV, "riscv64"}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct program p = make(cases[i].machine);
		_cleanup_elf_program_ struct elf_program e = {0};

		REQUIRE_OK(elf_parse(&p, sizeof(p), &e, &err), &err);
		CHECK_STR(e.architecture, cases[i].name);
		CHECK_STR(e.interpreter, "/lib/ld");
	}
}

TEST(static_program_has_no_loader)
{
	struct program p = make(EM_X86_64);
	_cleanup_elf_program_ struct elf_program e = {0};
	struct err err = ERR_INIT;

	p.ph.p_type = PT_LOAD;
	REQUIRE_OK(elf_parse(&p, sizeof(p), &e, &err), &err);
	CHECK_STR(e.interpreter, NULL);
}

static int parse(const void *p, size_t n)
{
	_cleanup_elf_program_ struct elf_program e = {0};
	struct err err = ERR_INIT;

	return elf_parse(p, n, &e, &err);
}

TEST(what_no_server_runs_is_refused)
{
	struct program p = make(EM_X86_64);

	CHECK_INT(parse("#!/bin/sh\n", 10), E_INPUT);
	CHECK_INT(parse(&p, sizeof(p.h) - 1), E_INPUT);
	CHECK_INT(parse(&p, sizeof(p.h) + 8), E_INPUT);
	p.ph.p_filesz = 7; /* no end */
	CHECK_INT(parse(&p, sizeof(p)), E_INPUT);
	p.ph.p_filesz = UINT64_MAX;
	CHECK_INT(parse(&p, sizeof(p)), E_INPUT);
	p = make(EM_X86_64);
	p.h.e_phoff = UINT64_MAX - 8;
	CHECK_INT(parse(&p, sizeof(p)), E_INPUT);
	p = make(EM_X86_64);
	p.h.e_type = ET_REL;
	CHECK_INT(parse(&p, sizeof(p)), E_INPUT);
	p = make(EM_S390);
	CHECK_INT(parse(&p, sizeof(p)), E_UNSUPPORTED);
	p = make(EM_X86_64);
	p.h.e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_INT(parse(&p, sizeof(p)), E_UNSUPPORTED);
}

TEST(this_program_itself)
{
	_cleanup_elf_program_ struct elf_program e = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(elf_read("/proc/self/exe", &e, &err), &err);
	CHECK(fs_exists(e.interpreter));
	CHECK_INT(elf_read("/nonexistent", &e, &err), E_NOTFOUND);
	CHECK_INT(elf_read("/etc/hostname", &e, &err), E_INPUT);
	CHECK(str_starts(err.text, "/etc/hostname: not an ELF program"));
}

TEST_MAIN()
