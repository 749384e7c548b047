/* Any bytes as a cell: the copy differs where something was hidden, and nowhere else. */
#include "notebook/secrets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	char *out = NULL;
	bool hidden;

	if (secrets_hide((const char *)data, size, &out, &hidden, &err) < 0)
		return 0;
	if (!hidden && memcmp(out, data, size) != 0)
		__builtin_trap();
	free(out);
	return 0;
}
