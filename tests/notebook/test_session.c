#include "notebook/session-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/fake_db.h"

static const char *dir;

struct fixture {
	struct config *config;
	struct notebook nb;
	struct session *session;
	struct err err;
	char heard[500];
};

static void hear(void *userdata, const char *text)
{
	struct fixture *x = userdata;

	(void)snprintf(x->heard, sizeof(x->heard), "%s", text);
}

static void start(struct fixture *x, const char *url)
{
	*x = (struct fixture){0};
	if (!dir)
		dir = test_dir();
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("SPLICE_URL", url, 1);
	REQUIRE_OK(config_load(&x->config, &x->err), &x->err);
	x->nb.config = x->config;
	REQUIRE_OK(session_new(&x->nb, &x->session, &x->err), &x->err);
}

static void stop(struct fixture *x)
{
	session_free(x->session);
	config_free(x->config);
}

TEST(kept_while_usable)
{
	struct fake_db fake = {.server = DB_SERVER_DERBY};
	struct fixture x;
	struct db *db = fake_db_open(&fake), *seen = NULL;

	start(&x, "derby://127.0.0.1:1/x");
	session_adopt(x.session, db);
	REQUIRE_OK(session_db(x.session, NULL, hear, &x, &seen, &x.err), &x.err);
	CHECK(seen == db);
	CHECK_STR(x.heard, "");
	/* Broken: a new connection is tried, at the URL of the settings, where nobody is. */
	fake.broken = true;
	CHECK(session_db(x.session, NULL, hear, &x, &seen, &x.err) < 0);
	CHECK_STR(session_url(x.session), "derby://127.0.0.1:1/x");
	stop(&x);
	buf_release(&fake.log);
}

TEST(a_url_that_is_none)
{
	struct fixture x;
	struct db *db = NULL;

	start(&x, "ftp://x:secret@y");
	CHECK(session_db(x.session, NULL, hear, &x, &db, &x.err) < 0);
	CHECK(!strstr(x.err.text, "secret") && *x.err.text);
	stop(&x);
}

TEST(a_place_that_is_not_there_changes_nothing)
{
	struct fake_db fake = {.server = DB_SERVER_DERBY};
	struct db_url url = {0};
	struct fixture x;
	struct db *db = fake_db_open(&fake), *seen = NULL;

	start(&x, "derby://127.0.0.1:1/x");
	session_adopt(x.session, db);
	REQUIRE_OK(db_set_autocommit(db, false, &x.err), &x.err);
	REQUIRE_OK(db_url_parse("derby://ann:se;cret@127.0.0.1:1/y", &url, &x.err), &x.err);
	CHECK(session_use_url(x.session, &url, NULL, hear, &x, &x.err) < 0);
	CHECK(!strstr(x.err.text, "cret"));
	REQUIRE_OK(session_db(x.session, NULL, hear, &x, &seen, &x.err), &x.err);
	CHECK(seen == db && !db_autocommit(db));
	CHECK_STR(x.heard, "");
	CHECK(!session_refused(x.session)); /* it was not about a password */
	stop(&x);
	db_url_release(&url);
	buf_release(&fake.log);
}

TEST_MAIN()
