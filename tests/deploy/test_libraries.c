/* deploy/libraries.c */
#include "deploy/libraries.h"

#include "base/fs.h"
#include "protocol/oci/elf.h"

#include "tests/harness.h"

TEST(the_loader_s_list_is_read)
{
	_cleanup_strv_ struct strv names = {0}, files = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(libraries_parse("\tlinux-vdso.so.1 (0x00007ffd)\n"
				   "\tlibm.so.6 => /lib/x/libm.so.6 (0x00007f)\n"
				   "\tlibz.so.1 => /opt/a b/libz.so.1 (0x00007f)\n"
				   "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n",
				   &names, &files, &err),
		   &err);
	REQUIRE(names.len == 2 && files.len == 2);
	CHECK_STR(names.items[0], "libm.so.6");
	CHECK_STR(files.items[0], "/lib/x/libm.so.6");
	CHECK_STR(files.items[1], "/opt/a b/libz.so.1");
}

TEST(missing_library_is_named)
{
	struct strv names = {0}, files = {0};
	struct err err = ERR_INIT;

	CHECK_INT(libraries_parse("\tlibx.so.1 => not found\n", &names, &files, &err), E_NOTFOUND);
	CHECK_STR(err.text, "the library libx.so.1 is not on this machine");
	CHECK_INT(libraries_parse("\t../x => /y (0x1)\n", &names, &files, &err), E_PROTO);
	CHECK_INT(libraries_parse("\tx => y\n", &names, &files, &err), E_PROTO);
}

TEST(libraries_of_this_program)
{
	_cleanup_strv_ struct strv names = {0}, files = {0};
	_cleanup_elf_program_ struct elf_program program = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(elf_read("/proc/self/exe", &program, &err), &err);
	REQUIRE_OK(libraries_find("/proc/self/exe", program.interpreter, NULL, &names, &files,
				  &err),
		   &err);
	CHECK(strv_has(&names, "libc.so.6"));
	for (size_t i = 0; i < files.len; i++)
		CHECK(fs_exists(files.items[i]));
}

TEST(program_that_cannot_be_loaded)
{
	_cleanup_elf_program_ struct elf_program program = {0};
	struct strv names = {0}, files = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(elf_read("/proc/self/exe", &program, &err), &err);
	CHECK_INT(libraries_find("/proc/self/exe", "/nonexistent", NULL, &names, &files, &err),
		  E_UNSUPPORTED);
	CHECK_INT(libraries_find("/etc/hostname", program.interpreter, NULL, &names, &files, &err),
		  E_UNSUPPORTED);
	CHECK_INT(libraries_find("/nonexistent", program.interpreter, NULL, &names, &files, &err),
		  E_IO);
}

TEST_MAIN()
