/* Any text is a cell; the body lies within it. */
#include "magics/cell.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct magic *const magics_all[];

static const struct magic_option options[] = {{"chart", 'c', "pie|bar", "x"},
					      {NULL, 0, NULL, NULL}};
static const struct magic sql = {.name = "splicemachine",
				 .summary = "",
				 .usage = "",
				 .options = options,
				 .inline_body = true};
static const struct magic other = {.name = "mlmanager",
				   .summary = "",
				   .usage = "",
				   .takes_words = true};

const struct magic *const magics_all[] = {&sql, &other, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *code = str_ndup((const char *)data, size);
	struct err err = ERR_INIT;
	struct cell c = {0};

	if (code && cell_parse(code, size & 1, &c, &err) == 0) {
		assert(c.call.body >= c.text && c.call.body <= c.text + strlen(c.text));
		cell_release(&c);
	}
	free(code);
	return 0;
}
