/* Headers of programs. */
#include "protocol/oci/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_elf_program_ struct elf_program e = {0};
	struct err err = ERR_INIT;

	(void)!elf_parse(data, size, &e, &err);
	return 0;
}
