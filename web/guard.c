/* Host, Origin, Referer and Sec-Fetch-Site. */
#include "web/guard.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

static const char *const loopback_names[] = {"localhost", "127.0.0.1", "[::1]"};

/* Bytes of the host in host[:port]; 0 when that is not its form. */
static size_t host_length(const char *host)
{
	size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	const char *port = host + n;

	if (n > strlen(host))
		return 0;
	if (!*port)
		return n;
	if (*port != ':' || !port[1] || strlen(port) > 6)
		return 0;
	return strspn(port + 1, "0123456789") == strlen(port + 1) ? n : 0;
}

static bool same_name(const char *host, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(host, name, n) == 0;
}

bool guard_host(const char *host, const char *const *names)
{
	size_t n = host ? host_length(host) : 0;

	if (!n)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(loopback_names); i++)
		if (same_name(host, n, loopback_names[i]))
			return true;
	for (; names && *names; names++)
		if (same_name(host, n, *names))
			return true;
	return false;
}

bool guard_same_authority(const char *url, const char *host)
{
	size_t n;

	if (str_starts_ci(url, "http://"))
		url += strlen("http://");
	else if (str_starts_ci(url, "https://"))
		url += strlen("https://");
	else
		return false;
	n = strcspn(url, "/?#");
	return n == strlen(host) && strncasecmp(url, host, n) == 0;
}

bool guard_origin(const struct guard_headers *h)
{
	if (h->fetch_site && !str_eq_ci(h->fetch_site, "same-origin") &&
	    !str_eq_ci(h->fetch_site, "none"))
		return false;
	if (h->origin)
		return h->host && guard_same_authority(h->origin, h->host);
	if (h->referer)
		return h->host && guard_same_authority(h->referer, h->host);
	return true;
}
