/* web/guard.c: names that are ours, and pages that are not */
#include "web/guard.h"

#include "base/cleanup.h"
#include "tests/harness.h"

static const char *const names[] = {"laptop.example", NULL};

TEST(hosts_that_are_ours)
{
	static const char *const ours[] = {"localhost",  "LOCALHOST:5003", "127.0.0.1:1",
					   "[::1]:5003", "[::1]",          "laptop.example:8443"};
	static const char *const foreign[] = {"",
					      "evil.example",
					      "localhost.evil.example",
					      "127.0.0.1.evil.example:5003",
					      "127.0.0.2",
					      "evil.example:127.0.0.1",
					      "localhost:",
					      "localhost:5003x",
					      "localhost:5003:5003",
					      "localhost:123456",
					      "[::1",
					      "[::1]x",
					      "[::2]",
					      "localhost@evil.example",
					      "laptop.example.",
					      " localhost"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (!guard_host(ours[i], names))
			test_fail(__FILE__, __LINE__, "%s is ours", ours[i]);
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (guard_host(foreign[i], names))
			test_fail(__FILE__, __LINE__, "%s is not ours", foreign[i]);
	CHECK(!guard_host(NULL, names));
	CHECK(!guard_host("laptop.example", /* names= */ NULL));
}

TEST(authorities_are_compared_with_their_ports)
{
	CHECK(guard_same_authority("http://localhost:5003", "localhost:5003"));
	CHECK(guard_same_authority("https://LOCALHOST:5003/a?b#c", "localhost:5003"));
	CHECK(guard_same_authority("http://[::1]:5003/", "[::1]:5003"));
	CHECK(!guard_same_authority("http://localhost:8888", "localhost:5003"));
	CHECK(!guard_same_authority("http://localhost", "localhost:5003"));
	CHECK(!guard_same_authority("http://127.0.0.1:5003", "localhost:5003"));
	CHECK(!guard_same_authority("http://localhost:5003.evil", "localhost:5003"));
	CHECK(!guard_same_authority("http://localhost:5003@evil", "localhost:5003"));
	CHECK(!guard_same_authority("null", "localhost:5003"));
	CHECK(!guard_same_authority("file:///x", "localhost:5003"));
	CHECK(!guard_same_authority("", ""));
}

static bool from(const char *origin, const char *referer, const char *site)
{
	const struct guard_headers h = {.host = "localhost:5003",
					.origin = origin,
					.referer = referer,
					.fetch_site = site};

	return guard_origin(&h);
}

TEST(what_changes_something_comes_from_our_page)
{
	CHECK(from("http://localhost:5003", NULL, "same-origin"));
	CHECK(from("http://localhost:5003", NULL, NULL));
	CHECK(from(NULL, "http://localhost:5003/deploy", NULL));
	CHECK(from(NULL, NULL, NULL)); /* no browser: the token decides */
	CHECK(!from("http://localhost:8888", NULL, NULL));
	CHECK(!from("http://localhost:5003", NULL, "same-site"));
	CHECK(!from("http://localhost:5003", NULL, "cross-site"));
	CHECK(!from("null", NULL, NULL));
	CHECK(!from("https://evil.example", "http://localhost:5003/", NULL));
	CHECK(!from(NULL, "http://evil.example/", NULL));
	CHECK(!from(NULL, NULL, "cross-site"));
}

TEST_MAIN()
