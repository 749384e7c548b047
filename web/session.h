/*
 * Sessions of browsers.  Who shows the token once gets a cookie that proves
 * it: a time and a random number, authenticated with the token as key.  So
 * nothing is kept here, a cookie outlives a restart, and a changed token ends
 * all sessions.  Forms carry a second value made from the first, which a
 * foreign page cannot know (cross-site request forgery).
 *
 * Cookies are shared by all ports of a host, so the cookie's name has the
 * port, and the port is part of what is authenticated.
 */
#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SESSION_HEX = 64,                    /* of one HMAC-SHA256 */
	SESSION_SIZE = 16 + 32 + 64 + 2 + 1, /* TIME.RANDOM.MAC and NUL */
	SESSION_CSRF_SIZE = SESSION_HEX + 1,
	SESSION_COOKIE_NAME_SIZE = 24,
	SESSION_DAYS = 30,
};

struct session_key {
	const char *token; /* borrowed */
	int port;
};

/* Whether somebody's token is ours, in constant time for its length. */
bool session_token_ok(const char *ours, const char *theirs);

void session_cookie_name(int port, char dst[SESSION_COOKIE_NAME_SIZE]);
int session_make(const struct session_key *key, int64_t now_ms, char dst[SESSION_SIZE],
		 struct err *err) _must_check_;
/* True for a cookie made here with this key that is not older than SESSION_DAYS. */
bool session_check(const struct session_key *key, int64_t now_ms, const char *cookie);

/* The value that forms of this session carry. */
void session_csrf(const struct session_key *key, const char *cookie, char dst[SESSION_CSRF_SIZE]);
bool session_csrf_ok(const struct session_key *key, const char *cookie, const char *csrf);

#endif
