/* Settings from the ini file (inih) and the environment. */
#include "base/config.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <ini.h>
#include <string.h>

/* Free-key sections end with a dot. */
const struct config_setting config_settings[] = {
	{"url", NULL, "default connection; without it the local Derby server is started"},
	{"user", NULL, "user of the default connection, when the URL names none"},
	{"password", NULL, "password of the default connection"},
	{"create_schema", "true", "set schema makes a missing schema, with a notice"},
	{"rows", "1000", "rows shown of a result"},
	{"python", NULL, "Python interpreter of %spark.pyspark cells"},
	{"site", NULL, "folder that holds the Python package splicemachine"},
	{"python2_division", "false", "int / int floors in cells, as in Python 2"},
	{"log_level", "info", "error, warning, info or debug"},
	{"trace", NULL, "file that gets a readable trace of the database protocol"},
	{"db.port", "1527", "port of the local Derby server"},
	{"db.memory", "256m", "largest heap of the local Derby server"},
	{"mlflow.port", "5001", "port of the local MLflow server"},
	{"jobs.url", NULL, "Jobs Tracker of another machine, with its token; else the local one"},
	{"jobs.port", "5003", "port of the Jobs Tracker"},
	{"jobs.workers", "2", "jobs that are done at the same time"},
	{"jobs.cert", NULL, "certificate (PEM): the Jobs Tracker speaks https to other machines"},
	{"jobs.key", NULL, "its key (PEM)"},
	{"jobs.https_host", "0.0.0.0", "address that https listens on"},
	{"jobs.https_port", "5443", "port of https"},
	{"jobs.names", NULL, "names by which other machines call this one, divided by blanks"},
	{"endpoint.port", "5010", "first port of models deployed on this machine"},
	{"manager.idle_minutes", "30", "the manager ends after this time with nothing to do"},
	{"spark.master", "local[*]", "Spark master URL"},
	{"spark.memory", "1g", "spark.driver.memory"},
	{"sagemaker.role", NULL, "execution role of SageMaker endpoints, ARN or name"},
	{"sagemaker.repository", "splice-scorer", "ECR repository of the images of models"},
	{"container.engine", NULL,
	 "docker, podman or buildah, for models that splice-scorer does not know; the first there is"},
	{"container.base", NULL, "image that MLflow's image begins with; Python's own"},
	{"container.options", NULL, "further words for the engine's build command"},
	{"spark.conf.", NULL, "further Spark settings, spark.conf.NAME = value"},
	{"bucket.", NULL, "bucket.NAME = folder that stands for s3a://NAME"},
	{NULL, NULL, NULL},
};

struct entry {
	char *name;
	char *value;
	struct entry *next;
};

struct config {
	struct entry *entries; /* of the file, last set first */
	char *unknown;         /* NULL or a list */
	bool nomem;
};

static bool known(const char *name)
{
	for (const struct config_setting *s = config_settings; s->name; s++) {
		size_t n = strlen(s->name);

		if (str_eq(s->name, name) || (s->name[n - 1] == '.' && str_starts(name, s->name)))
			return true;
	}
	return false;
}

static void note_unknown(struct config *c, const char *name)
{
	char *list = c->unknown ? str_fmt("%s, %s", c->unknown, name) : str_dup(name);

	c->nomem |= !list;
	free(c->unknown);
	c->unknown = list;
}

/* ini_handler of inih: nonzero goes on. */
static int add_entry(void *userdata, const char *section, const char *name, const char *value)
{
	struct config *c = userdata;
	struct entry *e = calloc(1, sizeof(*e));

	if (e) {
		e->name = *section ? str_fmt("%s.%s", section, name) : str_dup(name);
		e->value = str_dup(value);
		e->next = c->entries;
		c->entries = e;
	}
	if (!e || !e->name || !e->value) {
		c->nomem = true;
		return 0;
	}
	if (!known(e->name))
		note_unknown(c, e->name);
	return 1;
}

static int parse_file(struct config *c, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *text = NULL;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r == E_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	text = buf_take_str(&b);
	if (!text)
		return err_nomem(err);
	r = ini_parse_string(text, add_entry, c);
	if (c->nomem || r < 0)
		return err_nomem(err);
	if (r > 0)
		return err_set(err, E_INPUT, "%s: line %d is not `name = value`", path, r);
	return 0;
}

int config_load(struct config **ret, struct err *err)
{
	_cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
	_cleanup_free_ char *path = NULL;
	int r;

	if (!c)
		return err_nomem(err);
	r = fs_place(PLACE_CONFIG, "config", &path, err);
	if (r == 0)
		r = parse_file(c, path, err);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	while (c->entries) {
		struct entry *e = c->entries;

		c->entries = e->next;
		free(e->name);
		free(e->value);
		free(e);
	}
	free(c->unknown);
	free(c);
}

static const char *from_environment(const char *name)
{
	_cleanup_free_ char *variable = str_fmt("SPLICE_%s", name);

	if (!variable)
		return NULL;
	str_upper_ascii(variable);
	for (char *p = variable; *p; p++)
		if (*p == '.')
			*p = '_';
	return getenv(variable);
}

const char *config_get(const struct config *c, const char *name)
{
	const char *value = from_environment(name);

	if (value && *value)
		return value;
	for (const struct entry *e = c->entries; e; e = e->next)
		if (str_eq(e->name, name))
			return e->value;
	for (const struct config_setting *s = config_settings; s->name; s++)
		if (str_eq(s->name, name))
			return s->fallback;
	return NULL;
}

int config_get_i64(const struct config *c, const char *name, int64_t *ret, struct err *err)
{
	const char *value = config_get(c, name);

	if (!value)
		return err_set(err, E_NOTFOUND, "%s is not set", name);
	if (str_parse_i64(value, ret, err) < 0)
		return err_prefix(err, "setting %s", name);
	return 0;
}

int config_get_bool(const struct config *c, const char *name, bool *ret, struct err *err)
{
	const char *value = config_get(c, name);

	if (!value)
		return err_set(err, E_NOTFOUND, "%s is not set", name);
	if (str_parse_bool(value, ret, err) < 0)
		return err_prefix(err, "setting %s", name);
	return 0;
}

void config_each(const struct config *c, const char *prefix, config_each_fn *fn, void *userdata)
{
	for (const struct entry *e = c->entries; e; e = e->next)
		if (str_starts(e->name, prefix))
			fn(e->name + strlen(prefix), e->value, userdata);
}

const char *config_unknown(const struct config *c)
{
	return c->unknown;
}
