/* Cookies and form values, authenticated with the token. */
#include "web/session.h"

#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { MAC_BYTES = 32, HEAD_CHARS = 16 + 1 + 32 };

static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

/* HMAC over the text as hex, with a key for this purpose and port that is made from the token. */
static void mac_hex(const struct session_key *key, const char *purpose, const char *text, size_t n,
		    char dst[SESSION_HEX + 1])
{
	unsigned char derived[EVP_MAX_MD_SIZE] = {0}, mac[EVP_MAX_MD_SIZE] = {0};
	char label[64];

	(void)snprintf(label, sizeof(label), "%s %d", purpose, key->port);
	(void)HMAC(EVP_sha256(), key->token, (int)strlen(key->token), (unsigned char *)label,
		   strlen(label), derived, NULL);
	(void)HMAC(EVP_sha256(), derived, MAC_BYTES, (const unsigned char *)text, n, mac, NULL);
	explicit_bzero(derived, sizeof(derived));
	str_hex(dst, mac, MAC_BYTES);
}

static bool same_secret(const char *a, const char *b, size_t n)
{
	return strlen(a) == n && strlen(b) == n && mem_eq_secret(a, b, n);
}

bool session_token_ok(const char *ours, const char *theirs)
{
	struct session_key a = {.token = ours}, b = {.token = theirs};
	char ours_mac[SESSION_HEX + 1], theirs_mac[SESSION_HEX + 1];

	/* Of equal length whatever was sent, so that the time tells nothing of ours. */
	mac_hex(&a, "token", "", 0, ours_mac);
	mac_hex(&b, "token", "", 0, theirs_mac);
	return mem_eq_secret(ours_mac, theirs_mac, SESSION_HEX);
}

void session_cookie_name(int port, char dst[SESSION_COOKIE_NAME_SIZE])
{
	(void)snprintf(dst, SESSION_COOKIE_NAME_SIZE, "splice_jobs_%d", port);
}

int session_make(const struct session_key *key, int64_t now_ms, char dst[SESSION_SIZE],
		 struct err *err)
{
	unsigned char random[16];
	char hex[2 * sizeof(random) + 1], head[HEAD_CHARS + 1], mac[SESSION_HEX + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set_errno(err, E_IO, errno, "getrandom");
	str_hex(hex, random, sizeof(random));
	(void)snprintf(head, sizeof(head), "%016" PRIx64 ".%s", (uint64_t)now_ms, hex);
	mac_hex(key, "session", head, strlen(head), mac);
	(void)snprintf(dst, SESSION_SIZE, "%s.%s", head, mac);
	return 0;
}

static int64_t hex_time(const char *s)
{
	uint64_t v = 0;

	for (int i = 0; i < 16; i++)
		v = v << 4 | (uint64_t)(str_hex_digit(s[i]) & 15);
	return (int64_t)v;
}

bool session_check(const struct session_key *key, int64_t now_ms, const char *cookie)
{
	char mac[SESSION_HEX + 1];
	int64_t made;

	if (strlen(cookie) != SESSION_SIZE - 1 || cookie[HEAD_CHARS] != '.')
		return false;
	mac_hex(key, "session", cookie, HEAD_CHARS, mac);
	if (!same_secret(cookie + HEAD_CHARS + 1, mac, SESSION_HEX))
		return false;
	made = hex_time(cookie);
	return made <= now_ms && now_ms - made <= SESSION_DAYS * day_ms;
}

void session_csrf(const struct session_key *key, const char *cookie, char dst[SESSION_CSRF_SIZE])
{
	mac_hex(key, "form", cookie, strlen(cookie), dst);
}

bool session_csrf_ok(const struct session_key *key, const char *cookie, const char *csrf)
{
	char want[SESSION_CSRF_SIZE];

	session_csrf(key, cookie, want);
	return same_secret(csrf, want, SESSION_HEX);
}
