/* web/route.c: patterns, and the table itself */
#include "web/route.h"

#include "base/str.h"
#include "tests/harness.h"

static const struct route table[] = {
	{"GET", "/", 0, NULL},
	{"GET", "/jobs/#", 0, NULL},
	{"POST", "/jobs/#/cancel", 0, NULL},
	{"GET", "/a/:/:", 0, NULL},
	{"DELETE", "/a/:/:", 0, NULL},
	{NULL, NULL, 0, NULL},
};

static int find(const char *method, const char *path, const struct route **ret,
		struct route_match *m, char allow[64])
{
	return route_find(table, method, path, ret, m, allow, 64, NULL);
}

TEST(paths_find_their_line)
{
	const struct route *r = NULL;
	struct route_match m;
	char allow[64];

	CHECK_INT(find("GET", "/", &r, &m, allow), 0);
	CHECK(r == &table[0]);
	CHECK_INT(find("HEAD", "/jobs/12", &r, &m, allow), 0);
	CHECK(r == &table[1] && m.id == 12);
	CHECK_INT(find("DELETE", "/a/x/y z", &r, &m, allow), 0);
	CHECK(r == &table[4]);
	CHECK_STR(m.args[0], "x");
	CHECK_STR(m.args[1], "y z");
	CHECK_STR(allow, "");
}

TEST(what_is_not_there)
{
	static const char *const paths[] = {"",
					    "x",
					    "//",
					    "/jobs",
					    "/jobs/",
					    "/jobs/x",
					    "/jobs/-1",
					    "/jobs/1/",
					    "/jobs/1/x",
					    "/a//y",
					    "/a/x",
					    "/a/x/y/z",
					    "/jobs/99999999999999999999",
					    "/jobs/1 "};
	const struct route *r = NULL;
	struct route_match m;
	char allow[64];

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (find("GET", paths[i], &r, &m, allow) != E_NOTFOUND)
			test_fail(__FILE__, __LINE__, "\"%s\" is there", paths[i]);
}

TEST(other_methods_are_named)
{
	const struct route *r = NULL;
	struct route_match m;
	char allow[64];

	CHECK_INT(find("PUT", "/a/x/y", &r, &m, allow), E_UNSUPPORTED);
	CHECK_STR(allow, "GET, DELETE");
	CHECK_INT(find("GET", "/jobs/1/cancel", &r, &m, allow), E_UNSUPPORTED);
	CHECK_STR(allow, "POST");
}

TEST(long_parts_are_refused)
{
	char path[ROUTE_ARG_SIZE + 16] = "/a/";
	struct route_match m;

	memset(path + 3, 'x', ROUTE_ARG_SIZE);
	memcpy(path + 3 + ROUTE_ARG_SIZE, "/y", 3);
	CHECK(!route_fits("/a/:/:", path, &m));
	memcpy(path + 3 + ROUTE_ARG_SIZE - 1, "/y", 3);
	CHECK(route_fits("/a/:/:", path, &m));
}

/* Only what a browser needs before it has logged in is open, and nothing that is open acts. */
TEST(the_table_itself)
{
	for (const struct route *r = web_routes; r->method; r++) {
		struct route_match m;

		CHECK(r->run != NULL);
		CHECK(!(r->flags & ROUTE_OPEN) || str_eq(r->pattern, "/static/:") ||
		      str_eq(r->pattern, "/login"));
		CHECK(str_starts(r->pattern, "/api/") == ((r->flags & ROUTE_API) != 0) ||
		      r->flags & ROUTE_OLD);
		for (const struct route *before = web_routes; before < r; before++)
			CHECK(!str_eq(before->method, r->method) ||
			      !route_fits(before->pattern, r->pattern, &m));
	}
}

TEST_MAIN()
