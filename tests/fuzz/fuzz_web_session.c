/* web/session.c: no cookie and no value of a form passes that was not made with the key. */
#include "web/session.h"

#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct session_key key = {.token = "a token of enough characters", .port = 5003};
	_cleanup_free_ char *text = str_ndup((const char *)data, size);

	if (!text)
		return 0;
	if (session_check(&key, 1700000000000, text) || session_csrf_ok(&key, text, text))
		abort();
	if (session_token_ok(key.token, text) != str_eq(key.token, text))
		abort();
	return 0;
}
