/* protocol/manager/wire.c: requests and replies from bytes; what parses survives a round trip. */
#include "protocol/manager/wire.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct manager_request *q)
{
	_cleanup_buf_ struct buf b;
	struct manager_request again;

	buf_init(&b, MANAGER_REQUEST_MAX);
	manager_request_write(&b, q);
	if (b.failed || manager_request_parse((const char *)b.data, b.len - 1, &again, NULL) < 0)
		abort();
	if (again.op != q->op || again.id != q->id)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manager_request q;
	struct manager_reply reply = {0};

	if (manager_request_parse((const char *)data, size, &q, NULL) == 0)
		round_trip(&q);
	if (manager_reply_parse((const char *)data, size, &reply, NULL) == 0) {
		struct err err = ERR_INIT;

		if (manager_reply_result(&reply, &err) < 0 && !err.text[0])
			abort();
		manager_reply_release(&reply);
	}
	return 0;
}
