/* Any bytes as a CALL of the import family, and as a date pattern with a date. */
#include "notebook/date-pattern.h"
#include "notebook/import-args.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_import_args_ struct import_args a = {0};
	_cleanup_free_ char *pattern = str_ndup((const char *)data, size);
	struct date_pattern p;
	struct date_time t;
	struct err err = ERR_INIT;
	size_t n = pattern ? strlen(pattern) : 0;
	char text[DATE_TEXT_MAX];

	(void)!import_args_parse((const char *)data, size, &a, &err);
	/* What stands behind the pattern's NUL is the date. */
	if (!pattern || date_pattern_parse(pattern, "fuzz", &p, &err) < 0)
		return 0;
	p.open_fraction = size % 2;
	if (n + 1 < size && date_pattern_read(&p, (const char *)data + n + 1, size - n - 1, &t))
		if (date_put_timestamp(text, &t) > sizeof(text))
			__builtin_trap();
	return 0;
}
