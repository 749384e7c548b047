/*
 * Who may ask, told from the request's headers alone.
 *
 * A page from anywhere can make a browser send requests to this machine, and
 * a name that an attacker owns can be made to mean 127.0.0.1 (DNS rebinding).
 * So the Host must be a name that is ours, and what changes anything must
 * come from a page of ours: of the same host *and port*, as other ports of
 * this machine belong to other programs.
 */
#ifndef WEB_GUARD_H
#define WEB_GUARD_H

#include <stdbool.h>

/* All may be NULL: the header is absent. */
struct guard_headers {
	const char *host;
	const char *origin;
	const char *referer;
	const char *fetch_site; /* Sec-Fetch-Site, which pages cannot set */
};

/* Loopback's names and addresses, and `names` (NULL-terminated, may be NULL), with any port: a
 * tunnel or a proxy may have another one than ours. */
bool guard_host(const char *host, const char *const *names);
/* `url` is http or https and its host and port are exactly `host`. */
bool guard_same_authority(const char *url, const char *host);
/* Whether a request that changes something came from our own page, or from no page at all. */
bool guard_origin(const struct guard_headers *h);

#endif
