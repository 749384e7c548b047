/*
 * From journal records to log-batch calls.  Everything sent from here may be
 * sent twice: metrics keep their time, a parameter keeps its value, tags are
 * sent in order.
 */
#include "tracking/deliver.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "tracking/entries.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * A batch that meets internal errors this often, while the server reads its
 * run well, is one that the server cannot store (about ten minutes).
 */
enum { SERVER_ERRORS_MAX = 20 };

/* Records that one request carries. */
struct batch {
	json_t *record;  /* owned: the first one */
	json_t *metrics; /* owned, of a log batch: all records' */
	json_t *params;
	json_t *tags;
	size_t bytes;
	uint64_t end; /* offset behind the last record */
	int n;
};

static void batch_release(struct batch *b)
{
	json_decref(b->record);
	json_decref(b->metrics);
	json_decref(b->params);
	json_decref(b->tags);
}

static const char *kind_of(const json_t *record)
{
	return json_get_str(record, "kind", "");
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return str_eq(json_get_str(a, key, ""), json_get_str(b, key, ""));
}

/* A parameter with two values must be two requests: the second is the one to refuse. */
static bool params_agree(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)b, key, value) {
		const json_t *old = json_object_get(a, key);

		if (old && !json_equal((json_t *)old, value))
			return false;
	}
	return true;
}

static bool fits(const struct batch *b, const json_t *record)
{
	const json_t *params = json_object_get(record, "params");
	size_t metrics =
		json_array_size(b->metrics) + json_array_size(json_object_get(record, "metrics"));
	size_t n_params = json_object_size(b->params) + json_object_size(params);
	size_t tags = json_object_size(b->tags) + json_object_size(json_object_get(record, "tags"));

	return str_eq(kind_of(b->record), "log") && str_eq(kind_of(record), "log") &&
	       same(b->record, record, "run") && metrics <= MLFLOW_BATCH_METRICS &&
	       n_params <= MLFLOW_BATCH_PARAMS && tags <= MLFLOW_BATCH_TAGS &&
	       metrics + n_params + tags <= MLFLOW_BATCH_ENTITIES &&
	       b->bytes + entries_wire_size(record) <= ENTRIES_RECORD_BYTES &&
	       params_agree(b->params, params);
}

static int add(struct batch *b, json_t *record, struct err *err)
{
	json_t *metrics = json_object_get(record, "metrics");
	json_t *params = json_object_get(record, "params");
	json_t *tags = json_object_get(record, "tags");

	if (!b->record) {
		b->record = json_incref(record);
		b->metrics = json_array();
		b->params = json_object();
		b->tags = json_object();
	}
	if ((metrics && json_array_extend(b->metrics, metrics) < 0) ||
	    (params && json_object_update(b->params, params) < 0) ||
	    (tags && json_object_update(b->tags, tags) < 0) || !b->metrics || !b->params ||
	    !b->tags)
		return err_nomem(err);
	b->bytes += entries_wire_size(record);
	b->n++;
	return 0;
}

/* Heads and marks are for whoever adopts the file; there is nothing to send. */
static bool is_mark(const json_t *record)
{
	return str_eq(kind_of(record), "head") || str_eq(kind_of(record), "open");
}

static int gather(struct journal *j, struct batch *b, struct err *err)
{
	uint64_t at = journal_acked(j);

	for (;;) {
		json_auto_t *record = NULL;
		int r = journal_next(j, &at, &record, err);

		if (r <= 0)
			return r;
		if (is_mark(record))
			continue;
		if (b->n && !fits(b, record))
			return 0;
		r = add(b, record, err);
		if (r < 0)
			return r;
		b->end = at;
	}
}

/* --- what the server refuses --- */

static bool refused(int r)
{
	return r == E_INPUT || r == E_NOTFOUND || r == E_EXISTS || r == E_TOOBIG;
}

static int append_line(const char *path, const char *text, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	_cleanup_free_ char *line = str_fmt("%s\n", text);
	int r;

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	r = line ? fs_write_all(fd, line, strlen(line), err) : err_nomem(err);
	if (r == 0 && fdatasync(fd) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", path);
	return r;
}

/* Keep what the server does not take, and say so.  `what` is stolen. */
static int refuse(struct delivery *d, const json_t *record, const char *label, json_t *what,
		  const struct err *why, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/refused.jsonl", d->t->journal_dir);
	json_auto_t *line =
		json_pack("{s:I, s:s, s:s, s:s, s:o}", "time", (json_int_t)clock_wall_ms(),
			  "server", d->t->server_id, "run", json_get_str(record, "run", ""),
			  "reason", why->text, "what", what);
	_cleanup_free_ char *text = line ? json_text(line) : NULL;
	int r = path && text ? append_line(path, text, err) : err_nomem(err);

	if (r == 0)
		tracking_notice(
			d->t,
			"%s of run %.8s was refused by the tracking server: %.400s (kept in %s)",
			label, json_get_str(record, "run", ""), why->text, path);
	return r;
}

/* An outcome of sending `what`: refusals are kept, other errors stop. */
static int settle(struct delivery *d, const struct batch *b, int r, const char *label,
		  const char *key, const json_t *value, const struct err *why, struct err *err)
{
	_cleanup_free_ char *name = NULL;

	if (r < 0 && !refused(r) && !(r == E_SERVER && d->server_errors >= SERVER_ERRORS_MAX)) {
		*err = *why;
		return r;
	}
	if (r == 0)
		return 0;
	name = key ? str_fmt("%s \"%.60s\"", label, key) : str_dup(label);
	return name ? refuse(d, b->record, name,
			     json_pack("{s:s, s:O}", "key", key ? key : label, "value", value), why,
			     err)
		    : err_nomem(err);
}

static int send_texts(struct delivery *d, const struct batch *b, bool params, struct err *err)
{
	const char *run = json_get_str(b->record, "run", "");
	const char *key;
	json_t *value;

	json_object_foreach (params ? b->params : b->tags, key, value) {
		const char *text = json_string_value(value);
		struct err why = ERR_INIT;
		int r = params ? mlflow_log_param(d->m, run, key, text, &d->t->stop, &why)
			       : mlflow_set_tag(d->m, run, key, text, &d->t->stop, &why);

		r = settle(d, b, r, params ? "parameter" : "tag", key, value, &why, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int send_metrics(struct delivery *d, const struct batch *b, struct err *err)
{
	const char *run = json_get_str(b->record, "run", "");
	struct err why = ERR_INIT;
	json_t *metric;
	size_t i;
	int r = json_array_size(b->metrics)
			? mlflow_log_batch(d->m, run, b->metrics, NULL, NULL, &d->t->stop, &why)
			: 0;

	if (r == 0)
		return 0;
	if (json_array_size(b->metrics) == 1 || (!refused(r) && r != E_SERVER))
		return settle(d, b, r, "metric",
			      json_get_str(json_array_get(b->metrics, 0), "key", ""),
			      json_array_get(b->metrics, 0), &why, err);
	json_array_foreach (b->metrics, i, metric) {
		json_auto_t *one = json_pack("[O]", metric);

		r = one ? mlflow_log_batch(d->m, run, one, NULL, NULL, &d->t->stop, &why)
			: err_nomem(&why);
		r = settle(d, b, r, "metric", json_get_str(metric, "key", ""), metric, &why, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The run is there and takes records: 1; it does not: 0. */
static int run_is_open(struct delivery *d, const char *run_id, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = mlflow_run_get(d->m, run_id, &d->t->stop, &run, err);

	if (r == E_NOTFOUND)
		return 0;
	return r < 0 ? r : !run.deleted;
}

/* The batch was refused as a whole: send its entries alone, so that the good ones stay. */
static int send_apart(struct delivery *d, const struct batch *b, const struct err *why,
		      struct err *err)
{
	int open = run_is_open(d, json_get_str(b->record, "run", ""), err);
	int r;

	if (open < 0)
		return open;
	if (!open)
		return refuse(d, b->record, "what was logged",
			      json_pack("{s:O, s:O, s:O}", "params", b->params, "metrics",
					b->metrics, "tags", b->tags),
			      why, err);
	r = send_texts(d, b, /* params= */ true, err);
	if (r == 0)
		r = send_metrics(d, b, err);
	return r < 0 ? r : send_texts(d, b, /* params= */ false, err);
}

/* --- one function per kind of record --- */

static int send_log(struct delivery *d, const struct batch *b, struct err *err)
{
	struct err why = ERR_INIT;
	int r = mlflow_log_batch(d->m, json_get_str(b->record, "run", ""), b->metrics, b->params,
				 b->tags, &d->t->stop, &why);

	if (refused(r) || (r == E_SERVER && d->server_errors >= SERVER_ERRORS_MAX))
		return send_apart(d, b, &why, err);
	if (r < 0)
		*err = why;
	return r;
}

/* With `kernel`: only if that kernel still owns it, and it runs. */
static int still_theirs(struct delivery *d, const json_t *record, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	const char *kernel = json_get_str(record, "kernel", NULL);
	int r;

	if (!kernel)
		return 1;
	r = mlflow_run_get(d->m, json_get_str(record, "run", ""), &d->t->stop, &run, err);
	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	return !run.deleted && str_eq(run.status, "RUNNING") &&
	       str_eq(json_get_str(run.tags, "splice.kernel", ""), kernel);
}

static int send_end(struct delivery *d, const struct batch *b, struct err *err)
{
	const char *run = json_get_str(b->record, "run", "");
	struct err why = ERR_INIT;
	int r = still_theirs(d, b->record, err);

	if (r <= 0)
		return r;
	r = mlflow_run_update(d->m, run, json_get_str(b->record, "status", "FINISHED"),
			      json_get_int(b->record, "time", 0), &d->t->stop, &why);
	/* A run that was deleted meanwhile needs no end. */
	if (refused(r) && run_is_open(d, run, err) == 0)
		return 0;
	return settle(d, b, r, "the end", NULL, b->record, &why, err);
}

/* A run that may have been made though its answer was lost, and nobody uses. */
static int send_abandon(struct delivery *d, const struct batch *b, struct err *err)
{
	_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
	_cleanup_free_ char *filter =
		str_fmt("tags.`splice.request` = '%s'", json_get_str(b->record, "key", ""));
	json_auto_t *ids = json_pack("[s]", json_get_str(b->record, "experiment", ""));
	struct mlflow_runs_query query = {.experiment_ids = ids, .filter = filter, .max = 10};
	int r = filter && ids ? mlflow_runs_search(d->m, &query, &d->t->stop, &list, err)
			      : err_nomem(err);

	for (size_t i = 0; r == 0 && i < list.len; i++)
		r = mlflow_run_delete(d->m, list.items[i].id, &d->t->stop, err);
	return refused(r) ? 0 : r;
}

static int send_unknown(struct delivery *d, const struct batch *b, struct err *err)
{
	struct err why = ERR_INIT;

	(void)err_set(&why, E_INPUT, "this version does not know the record");
	return refuse(d, b->record, "a journal record", json_incref(b->record), &why, err);
}

static int send_batch(struct delivery *d, const struct batch *b, struct err *err)
{
	static const struct {
		const char *kind;
		int (*send)(struct delivery *d, const struct batch *b, struct err *err);
	} kinds[] = {{"log", send_log}, {"end", send_end}, {"abandon", send_abandon}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(kinds[i].kind, kind_of(b->record)))
			return kinds[i].send(d, b, err);
	return send_unknown(d, b, err);
}

int deliver_batch(struct delivery *d, struct err *err)
{
	_cleanup_(batch_release) struct batch b = {0};
	int r = gather(d->journal, &b, err);

	if (r < 0 || b.n == 0)
		return r;
	r = send_batch(d, &b, err);
	d->server_errors = r == E_SERVER ? d->server_errors + 1 : 0;
	if (r == 0)
		r = journal_ack(d->journal, b.end, err);
	return r < 0 ? r : b.n;
}
