/* The file, its tables, and statements. */
#include "deploy/store-int.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>

enum {
	APPLICATION_ID = 0x53504a42, /* "SPJB", which file(1) and we know the file by */
	BUSY_MS = 15000,             /* for another process's transaction to end */
	OPEN_LOOK_MS = 20,
};

/*
 * The tables, version by version: the file's user_version is how many of
 * these it has seen.  Never change one that was released; add another.
 */
static const char *const migrations[] = {
	"create table job ("
	"  id integer primary key autoincrement,"
	"  kind text not null, target text not null, region text not null, app text not null,"
	"  user text not null, run_id text not null, request text not null,"
	"  state text not null check (state in"
	"    ('pending', 'running', 'success', 'failed', 'cancelled')),"
	"  cancel_wanted integer not null default 0,"
	"  worker integer not null default 0, worker_start integer not null default 0,"
	"  created integer not null, started integer not null default 0,"
	"  ended integer not null default 0, attempts integer not null default 0,"
	"  retry_of integer not null default 0,"
	"  step text not null default '', error text not null default '',"
	"  hint text not null default '', result text);"
	"create unique index job_busy on job (target, region, app)"
	"  where state in ('pending', 'running');"
	"create index job_state on job (state);"
	"create table log ("
	"  job integer not null, number integer not null, time integer not null,"
	"  text text not null, primary key (job, number)) without rowid;"
	"create table step ("
	"  job integer not null, number integer not null, name text not null,"
	"  state integer not null, plan text not null, result text,"
	"  primary key (job, number), unique (job, name)) without rowid;"
	"create table version (changes integer not null);"
	"insert into version values (0);",
};

int store_default_path(char **ret, struct err *err)
{
	return fs_place(PLACE_DATA, "jobs.db", ret, err);
}

static int damaged(struct store *s, const char *reason, struct err *err)
{
	int r = err_set(err, E_IO, "the job store %s is damaged: %s", s->path, reason);

	err_set_hint(err,
		     "move it away (mv '%s' '%s.damaged') to begin a new one; endpoints that "
		     "run are not touched by that",
		     s->path, s->path);
	return r;
}

int store_failed(struct store *s, struct err *err)
{
	int code = sqlite3_errcode(s->db) & 0xff;
	const char *reason = sqlite3_errmsg(s->db);

	switch (code) {
	case SQLITE_NOMEM:
		return err_nomem(err);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return damaged(s, reason, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err_set(err, E_IO, "the job store %s is held by another process: %s", s->path,
			reason);
		err_set_hint(err, "end the program that holds it open, or try again");
		return E_IO;
	case SQLITE_FULL:
		err_set(err, E_IO, "the job store %s cannot grow: %s", s->path, reason);
		err_set_hint(err, "make room on the disk");
		return E_IO;
	default:
		err_set(err, E_IO, "the job store %s: %s", s->path, reason);
		err_set_hint(err, "the file and its folder must be writable by you");
		return E_IO;
	}
}

static int exec(struct store *s, const char *sql, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(s, err);
}

int store_begin(struct store *s, struct err *err)
{
	return exec(s, "begin immediate", err);
}

int store_end(struct store *s, int r, struct err *err)
{
	if (r == 0)
		r = exec(s, "update version set changes = changes + 1; commit", err);
	if (r < 0 && !sqlite3_get_autocommit(s->db))
		(void)sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
	return r;
}

static int bind_json(sqlite3_stmt *stmt, int i, const json_t *j)
{
	char *text = j ? json_text(j) : NULL;

	if (j && !text)
		return SQLITE_NOMEM;
	return text ? sqlite3_bind_text(stmt, i, text, -1, free) : sqlite3_bind_null(stmt, i);
}

static int bind_all(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	int code = SQLITE_OK;

	for (int i = 1; *types && code == SQLITE_OK; types++, i++) {
		switch (*types) {
		case 'i':
			code = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 's':
			code = sqlite3_bind_text(stmt, i, va_arg(ap, const char *), -1,
						 SQLITE_TRANSIENT);
			break;
		default:
			code = bind_json(stmt, i, va_arg(ap, const json_t *));
			break;
		}
	}
	return code;
}

int store_prepare(struct store *s, sqlite3_stmt **ret, struct err *err, const char *sql,
		  const char *types, ...)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	va_list ap;
	int code;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_failed(s, err);
	va_start(ap, types);
	code = bind_all(stmt, types, ap);
	va_end(ap);
	if (code != SQLITE_OK)
		return code == SQLITE_NOMEM ? err_nomem(err) : store_failed(s, err);
	*ret = TAKE(stmt);
	return 0;
}

int store_row(struct store *s, sqlite3_stmt *stmt, struct err *err)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return store_failed(s, err);
	}
}

int store_run(struct store *s, sqlite3_stmt *stmt, int64_t *ret_changes, struct err *err)
{
	int r = store_row(s, stmt, err);

	if (r >= 0 && ret_changes)
		*ret_changes = sqlite3_changes64(s->db);
	return r < 0 ? r : 0;
}

int store_change(struct store *s, sqlite3_stmt *stmt, int64_t *ret_changes, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *owned = stmt;
	int r = store_begin(s, err);

	return r < 0 ? r : store_end(s, store_run(s, owned, ret_changes, err), err);
}

int store_column_text(sqlite3_stmt *stmt, int column, char **ret, struct err *err)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	*ret = str_dup(text ? text : "");
	return *ret ? 0 : err_nomem(err);
}

int store_column_json(struct store *s, sqlite3_stmt *stmt, int column, json_t **ret,
		      struct err *err)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	struct err why = ERR_INIT;

	if (!text) {
		*ret = NULL;
		return 0;
	}
	if (json_parse(text, strlen(text), "an object in it", ret, &why) < 0)
		return damaged(s, why.text, err);
	return 0;
}

static int read_number(struct store *s, const char *sql, int64_t *ret, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = store_prepare(s, &stmt, err, sql, "");

	if (r == 0)
		r = store_row(s, stmt, err);
	if (r < 0)
		return r;
	*ret = sqlite3_column_int64(stmt, 0);
	return 0;
}

int store_version(struct store *s, int64_t *ret, struct err *err)
{
	return read_number(s, "select changes from version", ret, err);
}

/* Ours, or an empty file. */
static int check_owner(struct store *s, struct err *err)
{
	int64_t id, objects;
	int r = read_number(s, "pragma application_id", &id, err);

	if (r == 0)
		r = read_number(s, "select count(*) from sqlite_master", &objects, err);
	if (r == 0 && objects && id != APPLICATION_ID)
		r = damaged(s, "it is a database of another program", err);
	return r;
}

static int check_version(struct store *s, int64_t version, struct err *err)
{
	if (version <= (int64_t)ARRAY_LEN(migrations))
		return 0;
	err_set(err, E_UNSUPPORTED,
		"the job store %s was written by a newer splice-manager (its form is %lld, this "
		"program knows %zu)",
		s->path, (long long)version, ARRAY_LEN(migrations));
	err_set_hint(err, "install that version again, or move the file away");
	return E_UNSUPPORTED;
}

static int migrate(struct store *s, int64_t version, struct err *err)
{
	_cleanup_free_ char *mark = str_fmt("pragma application_id = %d; pragma user_version = %zu",
					    APPLICATION_ID, ARRAY_LEN(migrations));
	int r = 0;

	if (!mark)
		return err_nomem(err);
	for (size_t i = (size_t)version; r == 0 && i < ARRAY_LEN(migrations); i++)
		r = exec(s, migrations[i], err);
	return r < 0 ? r : exec(s, mark, err);
}

static int bring_up_to_date(struct store *s, struct err *err)
{
	int64_t version;
	int r = read_number(s, "pragma user_version", &version, err);

	if (r == 0)
		r = check_owner(s, err);
	if (r == 0)
		r = check_version(s, version, err);
	if (r < 0 || version == (int64_t)ARRAY_LEN(migrations))
		return r;
	r = store_begin(s, err);
	if (r < 0)
		return r;
	/* Another process may have done it meanwhile. */
	r = read_number(s, "pragma user_version", &version, err);
	if (r == 0)
		r = migrate(s, version, err);
	return store_end(s, r, err);
}

/*
 * SQLite does not wait when two processes switch a new file to its log at
 * once, nor when one recovers the log of a killed one: try again for a while.
 */
static int set_up(struct store *s, struct err *err)
{
	for (int waited = 0;; waited += OPEN_LOOK_MS) {
		if (sqlite3_exec(s->db, "pragma journal_mode = wal; pragma synchronous = full",
				 NULL, NULL, NULL) == SQLITE_OK)
			return 0;
		if ((sqlite3_errcode(s->db) & 0xff) != SQLITE_BUSY || waited > BUSY_MS)
			return store_failed(s, err);
		(void)poll(NULL, 0, OPEN_LOOK_MS);
	}
}

/* An empty file that nobody has seen before it has its name. */
static int create(const char *path)
{
	_cleanup_free_ char *tmp = str_fmt("%s.XXXXXX", path);
	int fd = tmp ? mkostemp(tmp, O_CLOEXEC) : -1; /* 0600 */
	int failed;

	if (fd < 0)
		return -1;
	(void)close(fd);
	failed = link(tmp, path) < 0 && errno != EEXIST ? errno : 0;
	(void)unlink(tmp);
	errno = failed;
	return failed ? -1 : 0;
}

/*
 * SQLite gives its log the mode of the file.  The file itself is never opened
 * here: when a process closes any descriptor of it, the locks of all its
 * stores on it are gone (fcntl(2)), and others take the log away from them.
 */
static int make_private(const char *path, struct err *err)
{
	if ((fs_exists(path) || create(path) == 0) && chmod(path, 0600) == 0)
		return 0;
	err_set_errno(err, E_IO, errno, "the job store %s", path);
	err_set_hint(err, "the file and its folder must be writable by you");
	return E_IO;
}

int store_open(const char *path, struct store **ret, struct err *err)
{
	_cleanup_(store_closep) struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s || !(s->path = str_dup(path)))
		return err_nomem(err);
	r = make_private(path, err);
	if (r < 0)
		return r;
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return s->db ? store_failed(s, err) : err_nomem(err);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	r = set_up(s, err);
	if (r == 0)
		r = bring_up_to_date(s, err);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	(void)sqlite3_close(s->db);
	free(s->path);
	free(s);
}
