/* notebook/db-url.c */
#include "notebook/db.h"

#include "base/str.h"
#include "tests/harness.h"

#define _cleanup_url_ _cleanup_(db_url_release)

TEST(full_form)
{
	_cleanup_url_ struct db_url u = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(db_url_parse("splice://ann:s%40cret%2f@db.example:1528/splicedb", &u, &err),
		   &err);
	CHECK_STR(u.scheme, "splice");
	CHECK_STR(u.user, "ann");
	CHECK_STR(u.password, "s@cret/");
	CHECK_STR(u.host, "db.example");
	CHECK_INT(u.port, 1528);
	CHECK_STR(u.database, "splicedb");
	text = db_url_text(&u);
	CHECK_STR(text, "splice://ann@db.example:1528/splicedb");
}

TEST(short_form)
{
	_cleanup_url_ struct db_url u = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(db_url_parse("DERBY://localhost/cc;create=true", &u, &err), &err);
	CHECK_STR(u.scheme, "derby");
	CHECK_STR(u.user, NULL);
	CHECK_STR(u.password, NULL);
	CHECK_INT(u.port, 1527);
	CHECK_STR(u.database, "cc;create=true");
}

TEST(jdbc_form_is_literal_and_keeps_other_attributes)
{
	_cleanup_url_ struct db_url u = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(
		db_url_parse("jdbc:splice://h:1527/splicedb;user=splice;password=a%40=b;ssl=basic",
			     &u, &err),
		&err);
	CHECK_STR(u.scheme, "splice");
	CHECK_STR(u.user, "splice");
	CHECK_STR(u.password, "a%40=b");
	CHECK_STR(u.database, "splicedb;ssl=basic");
	text = db_url_text(&u);
	CHECK_STR(text, "splice://splice@h:1527/splicedb;ssl=basic");
}

TEST(addresses_of_ip_version_6)
{
	_cleanup_url_ struct db_url u = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(db_url_parse("derby://[::1]:1600//data/my db", &u, &err), &err);
	CHECK_STR(u.host, "::1");
	CHECK_INT(u.port, 1600);
	CHECK_STR(u.database, "/data/my db");
	text = db_url_text(&u);
	CHECK_STR(text, "derby://[::1]:1600//data/my db");
}

TEST(secrets_among_attributes_are_not_shown)
{
	_cleanup_url_ struct db_url u = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(db_url_parse("derby://h/db;bootPassword=abc;create=true;encryptionKey=6c", &u,
				&err),
		   &err);
	text = db_url_text(&u);
	CHECK_STR(text, "derby://h:1527/db;create=true");
}

TEST(what_is_wrong_is_said_without_the_password)
{
	static const struct {
		const char *url, *says;
	} cases[] = {
		{"", "the connection URL has no scheme"},
		{"splicedb", "the connection URL has no scheme"},
		{"postgres://u:hush@h/db",
		 "the connection URL has a scheme that is none of splice, derby, odbc"},
		{"jdbc:derby:hush", "the connection URL names no server: // and a host must follow "
				    "the scheme"},
		{"splice://u:hush@:1527/db", "the connection URL names no host"},
		{"splice://u:hush@h:abc/db", "the connection URL has a port that is no number"},
		{"splice://u:hush@h:99999999999/db",
		 "the connection URL has a port that is not between 1 and 65535"},
		{"splice://u:hush@h:0/db",
		 "the connection URL has a port that is not between 1 and 65535"},
		{"splice://u:hush@h:/db",
		 "the connection URL has a port that is not between 1 and 65535"},
		{"splice://u:hush@h", "the connection URL names no database"},
		{"splice://u:hush@h/", "the connection URL names no database"},
		{"splice://u:hu%zzsh@h/db",
		 "the connection URL has a % that no two hexadecimal digits follow"},
		{"splice://u:hush%4@h/db",
		 "the connection URL has a % that no two hexadecimal digits follow"},
		{"splice://u:hush%00@h/db", "the connection URL holds a NUL"},
		{"splice://u:hush%ff@h/db", "the connection URL is no UTF-8"},
		{"splice://:hush@h/db", "the connection URL has no user before the @"},
		{"derby://[::1/db", "the connection URL has a [ without a ]"},
		{"derby://[::1]x/db",
		 "the connection URL has something else than a port behind the ]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_url_ struct db_url u = {0};
		struct err err = ERR_INIT;

		CHECK_INT(db_url_parse(cases[i].url, &u, &err), E_INPUT);
		CHECK_STR(err.text, cases[i].says);
		CHECK(err.hint[0]);
		CHECK(!strstr(err.text, "hush") && !strstr(err.hint, "hush"));
		CHECK(u.scheme == NULL);
	}
}

TEST_MAIN()
