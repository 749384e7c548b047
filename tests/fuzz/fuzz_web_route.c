/* web/route.c: any path against every line of the table; what fits has its parts and no more. */
#include "web/route.h"

#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_match(const struct route *r, const char *path, const struct route_match *m)
{
	for (size_t i = 0; i < ROUTE_ARGS; i++)
		if (strchr(m->args[i], '/') || (*m->args[i] && !strstr(path, m->args[i])))
			abort();
	if (m->id < 0 || (m->id && !strchr(r->pattern, '#')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *path = str_ndup((const char *)data, size);
	const struct route *found = NULL;
	struct route_match m;
	char allow[8]; /* short: it must be cut, not overrun */

	if (!path)
		return 0;
	for (const struct route *r = web_routes; r->method; r++)
		if (route_fits(r->pattern, path, &m))
			check_match(r, path, &m);
	if (route_find(web_routes, "GET", path, &found, &m, allow, sizeof(allow), NULL) == 0 &&
	    !route_fits(found->pattern, path, &m))
		abort();
	(void)!route_find(web_routes, "PATCH", path, &found, &m, allow, sizeof(allow), NULL);
	if (strlen(allow) >= sizeof(allow))
		abort();
	return 0;
}
