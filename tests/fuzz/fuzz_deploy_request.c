/* deploy/request.c: any JSON as any kind of request; what is accepted is accepted again. */
#include "deploy/request.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(enum request_kind kind, const struct request *q)
{
	_cleanup_request_ struct request again = {0};
	json_auto_t *kept = request_json(q);
	json_auto_t *twice = NULL;
	char name[VARIANT_NAME_MAX + 1];

	if (!kept || request_parse(kind, kept, &again, NULL, NULL) < 0)
		abort();
	twice = request_json(&again);
	if (!json_equal(kept, twice))
		abort();
	request_variant_name(q, INT64_MAX, 8, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *j = NULL;

	if (json_parse((const char *)data, size, "request", &j, NULL) < 0)
		return 0;
	for (int kind = REQUEST_DEPLOY; kind <= REQUEST_CHECK; kind++) {
		_cleanup_request_ struct request q = {0};
		struct request_faults faults;
		struct err err = ERR_INIT;
		int r = request_parse((enum request_kind)kind, j, &q, &faults, &err);

		if (r == 0)
			round_trip((enum request_kind)kind, &q);
		else if (!err.text[0])
			abort();
	}
	return 0;
}
