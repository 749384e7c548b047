/* web/guard.c: a Host in the first line and an Origin in the second, neither to be trusted. */
#include "web/guard.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whoever is let in begins with a name of ours, and only a port follows. */
static void check_ours(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "laptop.example"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *rest = host + strlen(names[i]);

		if (str_starts_ci(host, names[i]) &&
		    (!*rest ||
		     (*rest == ':' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")])))
			return;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const extra[] = {"laptop.example", NULL};
	_cleanup_free_ char *host = str_ndup((const char *)data, size);
	char *origin = host ? strchr(host, '\n') : NULL;
	struct guard_headers h = {.host = host};

	if (!host)
		return 0;
	if (origin) {
		*origin = '\0';
		h.origin = origin + 1;
	}
	if (guard_host(host, extra))
		check_ours(host);
	if (guard_origin(&h) && h.origin && !strstr(h.origin, "://"))
		abort();
	return 0;
}
