/* A subshell's database session. */
#include "notebook/session.h"

#include "base/str.h"
#include "notebook/services.h"
#include "notebook/session-int.h"
#include "notebook/sql-lex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Where the cells' statements go. */
struct place {
	struct db *db;
	struct db_url url; /* what db is connected to; host NULL before the first use */
	struct db_url use; /* session_use_url's; host NULL: the setting, or the local server */
	char *text;        /* url without its password */
	char *schema;      /* to go back to after a reconnect; NULL: the server's default */
	bool autocommit;
	bool lost; /* a connection broke: the next one says so */
};

struct session {
	struct notebook *nb;
	struct place at;
	struct db_url refused; /* what the last attempt got E_AUTH from; else host NULL */
	int trace_fd;
};

static void place_release(struct place *p)
{
	db_free(p->db);
	db_url_release(&p->url);
	db_url_release(&p->use);
	free(p->text);
	free(p->schema);
}

int session_new(struct notebook *nb, struct session **ret, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err);
	s->nb = nb;
	s->at.autocommit = true;
	s->trace_fd = -1;
	*ret = s;
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	place_release(&s->at);
	db_url_release(&s->refused);
	if (s->trace_fd >= 0)
		(void)close(s->trace_fd);
	free(s);
}

static int copy_text(char **dst, const char *s, struct err *err)
{
	*dst = s ? str_dup(s) : NULL;
	return s && !*dst ? err_nomem(err) : 0;
}

static int copy_url(const struct db_url *from, struct db_url *ret, struct err *err)
{
	struct db_url u = {.port = from->port};
	int r = copy_text(&u.scheme, from->scheme, err);

	if (r == 0)
		r = copy_text(&u.host, from->host, err);
	if (r == 0)
		r = copy_text(&u.database, from->database, err);
	if (r == 0)
		r = copy_text(&u.user, from->user, err);
	if (r == 0)
		r = copy_text(&u.password, from->password, err);
	if (r < 0) {
		db_url_release(&u);
		return r;
	}
	*ret = u;
	return 0;
}

/* User and password of the settings, where the URL has none. */
static int fill_credentials(const struct session *s, struct db_url *url, struct err *err)
{
	int r = 0;

	if (!url->user)
		r = copy_text(&url->user, config_get(s->nb->config, "user"), err);
	if (r == 0 && url->user && !url->password)
		r = copy_text(&url->password, config_get(s->nb->config, "password"), err);
	return r;
}

static int local_url(struct session *s, struct cancel *cancel, session_notice_fn *notice,
		     void *userdata, struct db_url *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = services_ensure(s->nb->services, SERVICE_DATABASE, cancel, notice, userdata, &text,
				err);

	if (r < 0)
		return r;
	r = db_url_parse(text, ret, err);
	explicit_bzero(text, strlen(text));
	return r;
}

static int find_url(struct session *s, struct cancel *cancel, session_notice_fn *notice,
		    void *userdata, struct db_url *ret, struct err *err)
{
	const char *set = config_get(s->nb->config, "url");
	int r;

	if (s->at.use.host)
		r = copy_url(&s->at.use, ret, err);
	else if (set)
		r = db_url_parse(set, ret, err);
	else
		return local_url(s, cancel, notice, userdata, ret, err);
	if (r < 0)
		return r;
	r = fill_credentials(s, ret, err);
	if (r < 0)
		db_url_release(ret);
	return r;
}

static int open_trace(struct session *s, struct err *err)
{
	const char *path = config_get(s->nb->config, "trace");

	if (!path || s->trace_fd >= 0)
		return 0;
	s->trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s->trace_fd < 0)
		return err_set_errno(err, E_IO, errno, "setting trace: %s", path);
	return 0;
}

/* A new connection stands where the old one stood: same schema, same autocommit. */
static int restore(struct session *s, struct cancel *cancel, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *result = NULL;
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *sql = NULL;
	int r = s->at.autocommit ? 0 : db_set_autocommit(s->at.db, /*on=*/false, err);

	if (r < 0 || !s->at.schema || str_eq(s->at.schema, db_schema(s->at.db)))
		return r;
	name = sql_quote_name(s->at.schema);
	sql = name ? str_fmt("set schema %s", name) : NULL;
	if (!sql)
		return err_nomem(err);
	return db_execute(s->at.db, sql, strlen(sql), NULL, 0, cancel, &result, err);
}

static void remember(struct session *s)
{
	struct err ignored = ERR_INIT;

	if (!s->at.db)
		return;
	s->at.autocommit = db_autocommit(s->at.db);
	/* Without memory for its name the schema is the default one again. */
	if (db_schema(s->at.db) && str_replace(&s->at.schema, db_schema(s->at.db), &ignored) < 0)
		s->at.schema = NULL;
}

static void tell(session_notice_fn *notice, void *userdata, const char *text)
{
	if (notice)
		notice(userdata, text);
}

/* Takes what url holds, also when it fails: after E_AUTH it tells what was tried. */
static int set_url(struct session *s, struct db_url *url, struct err *err)
{
	char *text = db_url_text(url);

	db_url_release(&s->at.url);
	s->at.url = *url;
	*url = (struct db_url){0};
	free(s->at.text);
	s->at.text = text;
	return text ? 0 : err_nomem(err);
}

static int connect_to(struct session *s, struct db_url *url, struct cancel *cancel, struct err *err)
{
	struct db_options options = {.trace_fd = -1};
	int r = set_url(s, url, err);

	if (r == 0)
		r = open_trace(s, err);
	options.trace_fd = s->trace_fd;
	if (r == 0)
		r = db_connect(&s->at.url, &options, cancel, &s->at.db, err);
	return r < 0 ? r : restore(s, cancel, err);
}

static int connect_anew(struct session *s, struct cancel *cancel, session_notice_fn *notice,
			void *userdata, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	_cleanup_free_ char *text = NULL;
	int r = find_url(s, cancel, notice, userdata, &url, err);

	db_url_release(&s->refused);
	if (r == 0)
		r = connect_to(s, &url, cancel, err);
	if (r == E_AUTH && copy_url(&s->at.url, &s->refused, err) < 0)
		return E_NOMEM;
	if (r < 0)
		return r;
	text = str_fmt("%sonnected to %s at %s",
		       s->at.lost
			       ? "The database connection was lost; a transaction that was open is "
				 "gone. C"
			       : "C",
		       db_server_name(s->at.db), s->at.text);
	s->at.lost = false;
	if (text)
		tell(notice, userdata, text);
	return 0;
}

int session_db(struct session *s, struct cancel *cancel, session_notice_fn *notice, void *userdata,
	       struct db **ret, struct err *err)
{
	int r = 0;

	if (s->at.db && !db_usable(s->at.db)) {
		session_drop(s);
		s->at.lost = true;
	}
	if (!s->at.db)
		r = connect_anew(s, cancel, notice, userdata, err);
	if (r < 0)
		return r;
	*ret = s->at.db;
	return 0;
}

int session_use_url(struct session *s, const struct db_url *url, struct cancel *cancel,
		    session_notice_fn *notice, void *userdata, struct err *err)
{
	struct place before = s->at;
	int r;

	s->at = (struct place){.autocommit = true};
	r = copy_url(url, &s->at.use, err);
	if (r == 0)
		r = connect_anew(s, cancel, notice, userdata, err);
	if (r < 0) {
		place_release(&s->at);
		s->at = before;
		return r;
	}
	place_release(&before);
	return 0;
}

const struct db_url *session_refused(const struct session *s)
{
	return s->refused.host ? &s->refused : NULL;
}

int session_use_password(struct session *s, const char *password, struct cancel *cancel,
			 session_notice_fn *notice, void *userdata, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	int r = copy_url(&s->refused, &url, err);

	if (r == 0)
		r = str_replace(&url.password, password, err);
	return r < 0 ? r : session_use_url(s, &url, cancel, notice, userdata, err);
}

void session_drop(struct session *s)
{
	remember(s);
	db_free(s->at.db);
	s->at.db = NULL;
}

const char *session_url(const struct session *s)
{
	return s->at.text;
}

int session_credentials(struct session *s, struct cancel *cancel, struct db_url *ret,
			struct err *err)
{
	struct db *db;
	int r = session_db(s, cancel, NULL, NULL, &db, err);

	return r < 0 ? r : copy_url(&s->at.url, ret, err);
}

void session_adopt(struct session *s, struct db *db)
{
	session_drop(s);
	s->at.db = db;
}
