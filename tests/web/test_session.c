/* web/session.c: cookies and the values of forms */
#include "web/session.h"

#include "base/str.h"
#include "tests/harness.h"

static const struct session_key key = {.token = "a token of enough characters", .port = 5003};
static const int64_t now = 1700000000000;

static void make(char cookie[SESSION_SIZE])
{
	struct err err = ERR_INIT;

	CHECK_OK(session_make(&key, now, cookie, &err), &err);
}

TEST(a_cookie_is_valid_for_its_key_and_time)
{
	const struct session_key other_port = {.token = key.token, .port = 5004};
	const struct session_key other_token = {.token = "another token, as long", .port = 5003};
	char cookie[SESSION_SIZE];

	make(cookie);
	CHECK(session_check(&key, now, cookie));
	CHECK(session_check(&key, now + SESSION_DAYS * 86400000LL, cookie));
	CHECK(!session_check(&key, now + SESSION_DAYS * 86400000LL + 1, cookie));
	CHECK(!session_check(&key, now - 1, cookie));
	CHECK(!session_check(&other_port, now, cookie));
	CHECK(!session_check(&other_token, now, cookie));
}

TEST(no_changed_byte_passes)
{
	char cookie[SESSION_SIZE];

	make(cookie);
	for (size_t i = 0; i < SESSION_SIZE - 1; i++) {
		char was = cookie[i];

		cookie[i] = was == 'a' ? 'b' : 'a';
		CHECK(!session_check(&key, now, cookie));
		cookie[i] = was;
	}
	CHECK(session_check(&key, now, cookie));
	cookie[SESSION_SIZE - 2] = '\0';
	CHECK(!session_check(&key, now, cookie));
	CHECK(!session_check(&key, now, ""));
}

TEST(each_session_has_its_own_form_value)
{
	char a[SESSION_SIZE], b[SESSION_SIZE], csrf[SESSION_CSRF_SIZE];

	make(a);
	make(b);
	CHECK(!str_eq(a, b));
	session_csrf(&key, a, csrf);
	CHECK(session_csrf_ok(&key, a, csrf));
	CHECK(!session_csrf_ok(&key, b, csrf));
	CHECK(!session_csrf_ok(&key, a, ""));
	CHECK(!session_csrf_ok(&key, a, a));
}

TEST(texts_of_any_length_are_refused)
{
	char text[2000], csrf[SESSION_CSRF_SIZE];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK(!session_check(&key, now, text));
	session_csrf(&key, text, csrf);
	text[sizeof(text) - 2] = 'b';
	CHECK(!session_csrf_ok(&key, text, csrf)); /* every byte counts */
	CHECK(!session_token_ok(key.token, text));
}

TEST(tokens_are_equal_or_not)
{
	CHECK(session_token_ok("secret-secret-secret", "secret-secret-secret"));
	CHECK(!session_token_ok("secret-secret-secret", "secret-secret-secre"));
	CHECK(!session_token_ok("secret-secret-secret", "secret-secret-secret "));
	CHECK(!session_token_ok("secret-secret-secret", ""));
}

TEST_MAIN()
