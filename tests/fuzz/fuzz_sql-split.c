/* Any bytes as a cell: statements lie inside it, in order, and are never empty. */
#include "notebook/sql-detect.h"
#include "notebook/sql-split.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_statements_ struct sql_statements s = {0};
	const char *text = (const char *)data;
	const char *last = text;
	struct err err = ERR_INIT;

	(void)sql_looks_like(text, size, size % 2);
	if (sql_split(text, size, 1, &s, &err) < 0)
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		const struct sql_statement *st = &s.items[i];

		if (st->n == 0 || st->text < last || st->text + st->n > text + size)
			__builtin_trap();
		last = st->text + st->n;
	}
	return 0;
}
