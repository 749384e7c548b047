/* Making a run: exactly one, whatever happens on the line. */
#include "tracking/tracking-int.h"

#include "base/clock.h"
#include "base/str.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

/* The name that the system knows the user by. */
static void system_user(char *dst, size_t size)
{
	const char *env = getenv("LOGNAME");
	char space[1024];
	struct passwd pw, *found = NULL;

	if ((!env || !*env) && getpwuid_r(getuid(), &pw, space, sizeof(space), &found) == 0 &&
	    found)
		env = pw.pw_name;
	snprintf(dst, size, "%s", env && *env ? env : "unknown");
}

/* What the caller gives wins over what we know. */
static json_t *run_tags(const struct op *o, const char *user, const char *key)
{
	json_auto_t *tags = json_pack("{s:s, s:s, s:o, s:s, s:s}", "mlflow.user", user,
				      "mlflow.source.type", "NOTEBOOK", "mlflow.source.name",
				      json_strz(o->t->source ? o->t->source : "splice-kernel"),
				      "splice.kernel", o->t->id, "splice.request", key);
	const json_t *given = json_object_get(o->args, "tags");
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)given, name, value)
		if (json_object_set(tags, name, value) < 0)
			return NULL;
	return json_incref(tags);
}

/* Runs that an earlier attempt with this key made. */
static int find_by_key(struct op *o, const char *experiment_id, const char *key,
		       struct mlflow_runs *ret, struct err *err)
{
	_cleanup_free_ char *filter = str_fmt("tags.`splice.request` = '%s'", key);
	json_auto_t *ids = json_pack("[s]", experiment_id);
	struct mlflow_runs_query query = {.experiment_ids = ids, .filter = filter, .max = 10};

	return filter && ids ? runs_search(o, &query, ret, err) : err_nomem(err);
}

/* Keep the first, delete the others: an answer that was lost may have made one too. */
static int take_only(struct op *o, struct mlflow_runs *list, struct mlflow_run *ret,
		     struct err *err)
{
	for (size_t i = 1; i < list->len; i++) {
		int r;

		do
			r = mlflow_run_delete(o->m, list->items[i].id, o->cancel, err);
		while (op_again(o, &r, err));
		if (r < 0)
			return r;
	}
	*ret = list->items[0];
	list->items[0] = (struct mlflow_run){0};
	return 0;
}

/* The run can be neither taken nor ruled out: the sender deletes it if it turns up. */
static void abandon(struct op *o, const char *experiment_id, const char *key)
{
	json_auto_t *records = json_pack("[{s:s, s:s, s:s}]", "kind", "abandon", "experiment",
					 experiment_id, "key", key);
	struct err err = ERR_INIT;

	if (!records || tracking_append(o->t, records, &err) < 0)
		tracking_notice(o->t, "an unfinished run may have been left in experiment %s",
				experiment_id);
}

/*
 * Exactly one run, though the server may act on a request whose answer is
 * lost: each attempt carries the same key as a tag, and after a doubtful one
 * the key is searched for before the next.  After a time-out the server may
 * still be busy making it, so that is not repeated.
 */
static int create_once(struct op *o, const struct mlflow_run_new *run, const char *key,
		       struct mlflow_run *ret, struct err *err)
{
	bool doubtful = false;
	int r;

	for (int i = 0;; i++) {
		_cleanup_mlflow_runs_ struct mlflow_runs found = {0};
		_cleanup_mlflow_run_ struct mlflow_run made = {0};
		struct err search_err = ERR_INIT;

		r = mlflow_run_create(o->m, run, o->cancel, &made, err);
		doubtful |= r < 0 && r != E_IO && (server_error_passes(r) || r == E_CANCEL);
		if (doubtful && find_by_key(o, run->experiment_id, key, &found, &search_err) == 0 &&
		    found.len)
			return take_only(o, &found, ret, err);
		if (r == 0) {
			*ret = made;
			made = (struct mlflow_run){0};
			return 0;
		}
		o->tries = i;
		if (r == E_TIMEOUT || !op_again(o, &r, err))
			break;
	}
	o->tries = 0;
	if (doubtful)
		abandon(o, run->experiment_id, key);
	return r;
}

/* The active experiment, else the one that MLFLOW_EXPERIMENT_NAME or _ID means. */
static int need_experiment(struct op *o, struct active *a, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	const char *name = getenv("MLFLOW_EXPERIMENT_NAME");
	const char *id = getenv("MLFLOW_EXPERIMENT_ID");
	int r = tracking_active(o->t, a, err);

	if (r < 0 || a->experiment_id)
		return r;
	name = name && *name ? name : id;
	if (!name || !*name)
		return tracking_no_experiment(err);
	r = experiment_find(o, name, &e, err);
	if (r < 0)
		return r;
	a->experiment_id = TAKE(e.id);
	a->experiment_name = TAKE(e.name);
	return 0;
}

static int create(struct op *o, const char *name, const char *user, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	json_auto_t *tags = NULL;
	char key[TRACKING_ID_SIZE];
	uuid_t uuid;
	int r = need_experiment(o, &a, err);

	if (r < 0)
		return r;
	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, key);
	tags = run_tags(o, user, key);
	if (!tags)
		return err_nomem(err);
	r = create_once(o,
			&(struct mlflow_run_new){.experiment_id = a.experiment_id,
						 .name = name,
						 .user = user,
						 .start_time = clock_wall_ms(),
						 .tags = tags},
			key, &run, err);
	if (r == 0)
		r = op_put(o, "run", run_json(o, &run), err);
	if (r == 0)
		r = tracking_end_active(o->t, "FINISHED", err);
	return r < 0 ? r : run_activate(o, &a, &run, /* mine= */ true, err);
}

static int check_run_name(const char *name, struct err *err)
{
	if (utf8_count(name, strlen(name)) <= MLFLOW_NAME_CHARS)
		return 0;
	return err_set(err, E_INPUT, "the run's name is longer than %d characters",
		       MLFLOW_NAME_CHARS);
}

int op_create_run(struct op *o, struct err *err)
{
	char fallback[256];
	const char *user, *name;
	int r = op_text(o, "user", /* required= */ false, &user, err);

	if (r == 0)
		r = op_text(o, "name", /* required= */ false, &name, err);
	if (r < 0)
		return r;
	system_user(fallback, sizeof(fallback));
	user = user && *user ? user : fallback;
	name = name && *name ? name : user;
	r = check_run_name(name, err);
	if (r == 0)
		r = op_client(o, err);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = create(o, name, user, err);
	op_unlock_change(o);
	return r;
}
