/* The client's life, its state, and the dispatch of operations. */
#include "tracking/tracking-int.h"

#include "base/fs.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

enum { NOTICES_MAX = 50 };

/* --- notices --- */

void tracking_notice(struct tracking *t, const char *fmt, ...)
{
	char text[1024];
	json_t *j;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(t->options.log, LOG_DEBUG, "tracking", "%s", text);
	j = json_str(text, strlen(text));
	pthread_mutex_lock(&t->lock);
	if (json_array_size(t->notices) >= NOTICES_MAX)
		(void)json_array_remove(t->notices, 0);
	(void)json_array_append_new(t->notices, j);
	pthread_mutex_unlock(&t->lock);
}

static json_t *take_notices(struct tracking *t)
{
	json_t *fresh = json_array();
	json_t *old = NULL;

	pthread_mutex_lock(&t->lock);
	if (fresh && json_array_size(t->notices)) {
		old = t->notices;
		t->notices = TAKE(fresh);
	}
	pthread_mutex_unlock(&t->lock);
	json_decref(fresh);
	return old;
}

/* --- state --- */

void active_release(struct active *a)
{
	free(a->experiment_id);
	free(a->experiment_name);
	free(a->run_id);
	free(a->run_name);
	free(a->run_experiment_id);
	free(a->artifact_uri);
	json_decref(a->params);
	*a = (struct active){0};
}

void tracking_set_active(struct tracking *t, struct active *a)
{
	struct active old;

	pthread_mutex_lock(&t->lock);
	old = t->active;
	t->active = *a;
	pthread_mutex_unlock(&t->lock);
	*a = (struct active){0};
	active_release(&old);
	atomic_fetch_add(&t->version, 1);
}

int tracking_active(struct tracking *t, struct active *ret, struct err *err)
{
	_cleanup_active_ struct active copy = {0};
	const struct active *a = &t->active;
	int r;

	pthread_mutex_lock(&t->lock);
	r = str_replace(&copy.experiment_id, a->experiment_id, err);
	if (r == 0)
		r = str_replace(&copy.experiment_name, a->experiment_name, err);
	if (r == 0)
		r = str_replace(&copy.run_id, a->run_id, err);
	if (r == 0)
		r = str_replace(&copy.run_name, a->run_name, err);
	if (r == 0)
		r = str_replace(&copy.run_experiment_id, a->run_experiment_id, err);
	if (r == 0)
		r = str_replace(&copy.artifact_uri, a->artifact_uri, err);
	copy.mine = a->mine;
	copy.params = json_incref(a->params);
	pthread_mutex_unlock(&t->lock);
	if (r < 0)
		return r;
	*ret = copy;
	copy = (struct active){0};
	return 0;
}

static json_t *id_and_name(const char *id, const char *name)
{
	return id ? json_pack("{s:s, s:s}", "id", id, "name", name) : json_null();
}

json_t *tracking_state_json(struct tracking *t)
{
	const struct active *a = &t->active;
	json_t *j;

	pthread_mutex_lock(&t->lock);
	j = json_pack("{s:s?, s:o, s:o}", "uri", t->uri, "experiment",
		      id_and_name(a->experiment_id, a->experiment_name), "run",
		      id_and_name(a->run_id, a->run_name));
	pthread_mutex_unlock(&t->lock);
	return j;
}

uint64_t tracking_state_version(const struct tracking *t)
{
	return atomic_load(&t->version);
}

json_t *page_url(struct op *o, const char *experiment_id, const char *run_id)
{
	_cleanup_free_ char *uri = server_uri(o->t);
	_cleanup_free_ char *url = NULL;

	if (!uri)
		return json_null();
	url = run_id ? str_fmt("%s/#/experiments/%s/runs/%s", uri, experiment_id, run_id)
		     : str_fmt("%s/#/experiments/%s", uri, experiment_id);
	return url ? json_string(url) : NULL;
}

static json_t *state_run(struct op *o, const struct active *a)
{
	if (!a->run_id)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:s, s:s}", "id", a->run_id, "name", a->run_name, "url",
			 page_url(o, a->run_experiment_id, a->run_id), "experiment_id",
			 a->run_experiment_id, "artifact_uri", a->artifact_uri);
}

static json_t *state_experiment(struct op *o, const struct active *a)
{
	if (!a->experiment_id)
		return json_null();
	return json_pack("{s:s, s:s, s:o}", "id", a->experiment_id, "name", a->experiment_name,
			 "url", page_url(o, a->experiment_id, NULL));
}

static int op_state(struct op *o, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	_cleanup_free_ char *uri = server_uri(o->t);
	uint64_t pending;
	int r = tracking_active(o->t, &a, err);

	pthread_mutex_lock(&o->t->lock);
	pending = o->t->pending;
	pthread_mutex_unlock(&o->t->lock);
	if (r == 0)
		r = op_put(o, "uri", json_strz(uri), err);
	if (r == 0)
		r = op_put(o, "ui", json_strz(uri), err);
	if (r == 0)
		r = op_put(o, "pending", json_integer((json_int_t)pending), err);
	if (r == 0)
		r = op_put(o, "experiment", state_experiment(o, &a), err);
	return r < 0 ? r : op_put(o, "run", state_run(o, &a), err);
}

static int op_server(struct op *o, struct err *err)
{
	int r = op_client(o, err);

	if (r == 0)
		r = op_put(o, "uri", json_string(mlflow_uri(o->m)), err);
	return r < 0 ? r : op_put(o, "ui", json_string(mlflow_uri(o->m)), err);
}

/* --- operations --- */

static const struct {
	const char *name;
	op_fn *run;
} operations[] = {
	{"state", op_state},
	{"server", op_server},
	{"create_experiment", op_create_experiment},
	{"set_experiment", op_set_experiment},
	{"experiments", op_experiments},
	{"delete_runs_of_experiment", op_delete_runs},
	{"create_run", op_create_run},
	{"set_run", op_set_run},
	{"end_run", op_end_run},
	{"delete_run", op_delete_run},
	{"get_run", op_get_run},
	{"runs", op_runs},
	{"log", op_log},
	{"log_artifact", op_log_artifact},
	{"log_artifacts", op_log_artifacts},
	{"list_artifacts", op_list_artifacts},
	{"download_artifact", op_download_artifact},
	{"flush", op_flush},
};

int op_text(struct op *o, const char *name, bool required, const char **ret, struct err *err)
{
	const json_t *v = json_object_get(o->args, name);

	*ret = json_string_value(v);
	if (*ret || (!required && (!v || json_is_null(v))))
		return 0;
	return err_set(err, E_USAGE,
		       v ? "the argument \"%s\" is not a text" : "the argument \"%s\" is missing",
		       name);
}

int op_put(struct op *o, const char *name, json_t *value, struct err *err)
{
	return json_object_set_new(o->ret, name, value) < 0 ? err_nomem(err) : 0;
}

static int dispatch(struct op *o, const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (str_eq(operations[i].name, name))
			return operations[i].run(o, err);
	return err_set(err, E_USAGE, "there is no tracking operation \"%.60s\"", name);
}

int tracking_call(struct tracking *t, const char *op, const json_t *args, struct cancel *cancel,
		  json_t **ret, struct err *err)
{
	json_auto_t *result = json_object();
	struct op o = {.t = t, .args = args, .cancel = cancel, .ret = result};
	json_t *notices;
	int r;

	if (!result)
		return err_nomem(err);
	if (args && !json_is_null(args) && !json_is_object(args))
		return err_set(err, E_USAGE, "the arguments are not an object");
	r = dispatch(&o, op, err);
	op_client_release(&o);
	if (r < 0)
		return r;
	notices = take_notices(t);
	if (notices) {
		r = op_put(&o, "notices", notices, err);
		if (r < 0)
			return r;
	}
	*ret = json_incref(result);
	return 0;
}

/* --- life --- */

static int read_options(struct tracking *t, const struct tracking_options *options, struct err *err)
{
	const char *env = getenv("MLFLOW_TRACKING_URI");
	uuid_t uuid;
	int r;

	t->options = *options;
	t->options.source = NULL;
	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, t->id);
	r = str_replace(&t->source, options->source, err);
	if (r == 0)
		r = str_replace(&t->env_uri, env && *env ? env : NULL, err);
	if (r == 0)
		r = str_replace(&t->uri, t->env_uri, err);
	if (r == 0)
		r = str_replace(&t->server_id, t->env_uri ? t->env_uri : "local", err);
	return r < 0 ? r : fs_place(PLACE_STATE, "journal", &t->journal_dir, err);
}

static void init_locks(struct tracking *t)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&t->lock, NULL);
	pthread_mutex_init(&t->change_lock, NULL);
	pthread_mutex_init(&t->server_lock, NULL);
	pthread_mutex_init(&t->sync_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &monotonic);
	pthread_cond_init(&t->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* Everything but the threads. */
static void destroy(struct tracking *t)
{
	mlflow_free(t->idle);
	active_release(&t->active);
	json_decref(t->notices);
	journal_free(t->journal);
	cancel_release(&t->stop);
	pthread_cond_destroy(&t->wake);
	pthread_cond_destroy(&t->done);
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->change_lock);
	pthread_mutex_destroy(&t->server_lock);
	pthread_mutex_destroy(&t->sync_lock);
	free(t->source);
	free(t->journal_dir);
	free(t->server_id);
	free(t->env_uri);
	free(t->uri);
	free(t);
}

int tracking_new(const struct tracking_options *options, struct tracking **ret, struct err *err)
{
	struct tracking *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_nomem(err);
	t->stop.fd = -1;
	init_locks(t);
	t->notices = json_array();
	r = t->notices ? read_options(t, options, err) : err_nomem(err);
	if (r == 0)
		r = cancel_init(&t->stop, err);
	if (r == 0)
		r = sender_start(t, err);
	if (r < 0) {
		destroy(t);
		return r;
	}
	*ret = t;
	return 0;
}

static void close_as(struct tracking *t, const char *status)
{
	struct err err = ERR_INIT;

	if (!t)
		return;
	/* Where the journal cannot be written, the next kernel closes the run. */
	if (tracking_end_active(t, status, &err) < 0)
		log_line(t->options.log, LOG_DEBUG, "tracking", "%s", err.text);
	sender_stop(t, TRACKING_EXIT_MS);
	if (t->journal && t->pending == 0)
		journal_remove(TAKE(t->journal));
	destroy(t);
}

void tracking_free(struct tracking *t)
{
	close_as(t, "FINISHED");
}

void tracking_abandon(struct tracking *t)
{
	close_as(t, "KILLED");
}
