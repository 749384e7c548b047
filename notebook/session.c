/* A subshell's database session. */
#include "notebook/session.h"

#include "base/str.h"
#include "notebook/services.h"
#include "notebook/session-int.h"
#include "notebook/sql-lex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct session {
	struct notebook *nb;
	struct db *db;
	struct db_url url; /* what db is connected to; host NULL before the first use */
	struct db_url use; /* session_use_url's; host NULL: the setting, or the local server */
	char *text;        /* url without its password */
	char *schema;      /* to go back to after a reconnect; NULL: the server's default */
	bool autocommit;
	bool lost; /* a connection broke: the next one says so */
	int trace_fd;
};

int session_new(struct notebook *nb, struct session **ret, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err);
	s->nb = nb;
	s->autocommit = true;
	s->trace_fd = -1;
	*ret = s;
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	db_free(s->db);
	db_url_release(&s->url);
	db_url_release(&s->use);
	free(s->text);
	free(s->schema);
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

	if (s->use.host)
		r = copy_url(&s->use, ret, err);
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
	int r = s->autocommit ? 0 : db_set_autocommit(s->db, /*on=*/false, err);

	if (r < 0 || !s->schema || str_eq(s->schema, db_schema(s->db)))
		return r;
	name = sql_quote_name(s->schema);
	sql = name ? str_fmt("set schema %s", name) : NULL;
	if (!sql)
		return err_nomem(err);
	return db_execute(s->db, sql, strlen(sql), NULL, 0, cancel, &result, err);
}

static void remember(struct session *s)
{
	struct err ignored = ERR_INIT;

	if (!s->db)
		return;
	s->autocommit = db_autocommit(s->db);
	/* Without memory for its name the schema is the default one again. */
	if (db_schema(s->db) && str_replace(&s->schema, db_schema(s->db), &ignored) < 0)
		s->schema = NULL;
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

	db_url_release(&s->url);
	s->url = *url;
	*url = (struct db_url){0};
	free(s->text);
	s->text = text;
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
		r = db_connect(&s->url, &options, cancel, &s->db, err);
	return r < 0 ? r : restore(s, cancel, err);
}

static int connect_anew(struct session *s, struct cancel *cancel, session_notice_fn *notice,
			void *userdata, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	_cleanup_free_ char *text = NULL;
	int r = find_url(s, cancel, notice, userdata, &url, err);

	if (r == 0)
		r = connect_to(s, &url, cancel, err);
	if (r < 0)
		return r;
	text = str_fmt("%sonnected to %s at %s",
		       s->lost ? "The database connection was lost; a transaction that was open is "
				 "gone. C"
			       : "C",
		       db_server_name(s->db), s->text);
	s->lost = false;
	if (text)
		tell(notice, userdata, text);
	return 0;
}

int session_db(struct session *s, struct cancel *cancel, session_notice_fn *notice, void *userdata,
	       struct db **ret, struct err *err)
{
	int r = 0;

	if (s->db && !db_usable(s->db)) {
		session_drop(s);
		s->lost = true;
	}
	if (!s->db)
		r = connect_anew(s, cancel, notice, userdata, err);
	if (r < 0)
		return r;
	*ret = s->db;
	return 0;
}

int session_use_url(struct session *s, const struct db_url *url, struct err *err)
{
	struct db_url copy;
	int r = copy_url(url, &copy, err);

	if (r < 0)
		return r;
	session_drop(s);
	free(TAKE(s->schema)); /* the other database's */
	s->autocommit = true;
	db_url_release(&s->use);
	s->use = copy;
	return 0;
}

bool session_lacks_password(const struct session *s)
{
	return s->url.user && !s->url.password;
}

int session_set_password(struct session *s, const char *password, struct err *err)
{
	struct db_url copy;
	int r = copy_url(&s->url, &copy, err);

	if (r < 0)
		return r;
	r = str_replace(&copy.password, password, err);
	if (r < 0) {
		db_url_release(&copy);
		return r;
	}
	db_url_release(&s->use);
	s->use = copy;
	return 0;
}

void session_drop(struct session *s)
{
	remember(s);
	db_free(s->db);
	s->db = NULL;
}

const char *session_url(const struct session *s)
{
	return s->text;
}

int session_credentials(struct session *s, struct cancel *cancel, struct db_url *ret,
			struct err *err)
{
	struct db *db;
	int r = session_db(s, cancel, NULL, NULL, &db, err);

	return r < 0 ? r : copy_url(&s->url, ret, err);
}

void session_adopt(struct session *s, struct db *db)
{
	session_drop(s);
	s->db = db;
}
