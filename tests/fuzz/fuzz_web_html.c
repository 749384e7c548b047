/* web/html.c: whatever bytes come as text, what is written is UTF-8 and holds no markup. */
#include "web/html.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = str_ndup((const char *)data, size);
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(64));
	if (!text)
		return 0;
	html(&b, "%s", text);
	for (size_t i = 0; i < b.len; i++)
		if (strchr("<>\"'", b.data[i]))
			abort();
	if (!b.failed && b.len && !utf8_valid((const char *)b.data, b.len))
		abort();
	buf_clear(&b);
	html_part(&b, text);
	for (size_t i = 0; i < b.len; i++)
		if (!str_is_word((char)b.data[i]) && !strchr("-._~%", b.data[i]))
			abort();
	return 0;
}
