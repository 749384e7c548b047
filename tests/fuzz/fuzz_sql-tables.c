/* Any bytes as a statement: what is found are names that it has. */
#include "notebook/sql-tables.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strv_ struct strv names = {0};
	struct err err = ERR_INIT;

	if (sql_tables((const char *)data, size, &names, &err) < 0)
		return 0;
	for (size_t i = 0; i < names.len; i++)
		if (!*names.items[i] || strlen(names.items[i]) > size)
			__builtin_trap();
	return 0;
}
