/* Operations on runs. */
#include "tracking/tracking-int.h"

#include "base/clock.h"
#include "base/str.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

enum {
	READ_FLUSH_MS = 10000, /* what was logged is waited for before reading */
	FIND_PAGES = 10,       /* of MLFLOW_PAGE runs, looked through for a name */
	RUN_ID_CHARS = 32,
	DELETE_PAGE = 200,
};

static json_t *run_json(struct op *o, const struct mlflow_run *run)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:I, s:o, s:s}", "id", run->id, "name",
			 run->name, "url", page_url(o, run->experiment_id, run->id), "status",
			 run->status, "user", run->user, "experiment_id", run->experiment_id,
			 "start_time", (json_int_t)run->start_time, "end_time",
			 run->end_time ? json_integer(run->end_time) : json_null(), "artifact_uri",
			 run->artifact_uri);
}

/* The same with what was logged. */
static json_t *full_run_json(struct op *o, const struct mlflow_run *run)
{
	json_auto_t *j = run_json(o, run);

	if (json_object_set(j, "params", run->params) < 0 ||
	    json_object_set(j, "metrics", run->metrics) < 0 ||
	    json_object_set(j, "tags", run->tags) < 0)
		return NULL;
	return json_incref(j);
}

static int flush_before_reading(struct op *o, struct err *err)
{
	uint64_t pending = 0;
	int r = tracking_flush(o->t, READ_FLUSH_MS, /* stop_on_failure= */ true, o->cancel,
			       &pending, err);

	if (r == 0 && pending)
		tracking_notice(o->t, "%llu logged records are not on the server yet",
				(unsigned long long)pending);
	return r;
}

static int get_run(struct op *o, const char *id, struct mlflow_run *ret, struct err *err)
{
	int r;

	do
		r = mlflow_run_get(o->m, id, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

static int search(struct op *o, const struct mlflow_runs_query *query, struct mlflow_runs *ret,
		  struct err *err)
{
	int r;

	do
		r = mlflow_runs_search(o->m, query, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

/* --- making one --- */

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

	return filter && ids ? search(o, &query, ret, err) : err_nomem(err);
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

static int no_experiment(struct err *err)
{
	int r = err_set(err, E_USAGE, "no experiment is active");

	err_set_hint(err, "%%mlmanager experiment NAME, or manager.create_experiment(\"NAME\"), "
			  "makes or chooses one");
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
		return no_experiment(err);
	r = experiment_find(o, name, &e, err);
	if (r < 0)
		return r;
	a->experiment_id = TAKE(e.id);
	a->experiment_name = TAKE(e.name);
	return 0;
}

static int append_open(struct op *o, const char *run_id, struct err *err)
{
	json_auto_t *records = json_pack("[{s:s, s:s}]", "kind", "open", "run", run_id);

	return records ? tracking_append(o->t, records, err) : err_nomem(err);
}

/* Make `run` the active one within a's experiment; takes a's texts. */
static int activate(struct op *o, struct active *a, const struct mlflow_run *run, bool mine,
		    struct err *err)
{
	int r = str_replace(&a->run_id, run->id, err);

	if (r == 0)
		r = str_replace(&a->run_name, run->name, err);
	if (r == 0)
		r = str_replace(&a->run_experiment_id, run->experiment_id, err);
	if (r == 0)
		r = str_replace(&a->artifact_uri, run->artifact_uri, err);
	if (r < 0)
		return r;
	json_decref(a->params);
	a->params = json_copy(run->params);
	if (!a->params)
		return err_nomem(err);
	a->mine = mine;
	/* Before it is said to be active: a kernel that dies now must leave a run to close. */
	r = mine ? append_open(o, run->id, err) : 0;
	if (r == 0)
		tracking_set_active(o->t, a);
	return r;
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
	return r < 0 ? r : activate(o, &a, &run, /* mine= */ true, err);
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

/* --- finding one --- */

static bool is_run_id(const char *text)
{
	return strlen(text) == RUN_ID_CHARS && !text[strspn(text, "0123456789abcdef")];
}

static int unknown_run(const char *text, struct err *err)
{
	int r = err_set(err, E_NOTFOUND, "there is no run \"%.200s\"", text);

	err_set_hint(err, "%%mlmanager runs lists those of the active experiment; another "
			  "experiment's are found by their whole id");
	return r;
}

static int ambiguous(const char *text, const struct mlflow_run *a, const struct mlflow_run *b,
		     struct err *err)
{
	int r = err_set(err, E_INPUT, "\"%.200s\" begins the ids of several runs: %s, %s …", text,
			a->id, b->id);

	err_set_hint(err, "give more of the id");
	return r;
}

/* What is known while looking through the runs, newest first. */
struct hunt {
	const char *text;
	struct mlflow_run named; /* the newest of this name */
	unsigned n_named;
	struct mlflow_run begun; /* the newest whose id begins so */
	struct mlflow_run second;
};

static void hunt_release(struct hunt *h)
{
	mlflow_run_release(&h->named);
	mlflow_run_release(&h->begun);
	mlflow_run_release(&h->second);
}

/* Takes from the list what matches. */
static void hunt_page(struct hunt *h, struct mlflow_runs *list)
{
	for (size_t i = 0; i < list->len; i++) {
		struct mlflow_run *run = &list->items[i];
		struct mlflow_run *to = NULL;

		if (str_eq(run->name, h->text))
			to = h->n_named++ ? NULL : &h->named;
		else if (str_starts(run->id, h->text))
			to = !h->begun.id ? &h->begun : !h->second.id ? &h->second : NULL;
		if (to) {
			*to = *run;
			*run = (struct mlflow_run){0};
		}
	}
}

static int hunt_verdict(struct op *o, struct hunt *h, struct mlflow_run *ret, struct err *err)
{
	struct mlflow_run *hit = h->named.id ? &h->named : &h->begun;

	if (!hit->id)
		return unknown_run(h->text, err);
	if (hit == &h->begun && h->second.id)
		return ambiguous(h->text, &h->begun, &h->second, err);
	if (h->n_named > 1)
		tracking_notice(o->t, "%u runs are called \"%s\": the newest, %.8s, is taken",
				h->n_named, h->text, hit->id);
	*ret = *hit;
	*hit = (struct mlflow_run){0};
	return 0;
}

/* By name or beginning of the id, among the runs of one experiment. */
static int find_within(struct op *o, const char *experiment_id, const char *text,
		       struct mlflow_run *ret, struct err *err)
{
	_cleanup_(hunt_release) struct hunt h = {.text = text};
	json_auto_t *ids = json_pack("[s]", experiment_id);
	_cleanup_free_ char *page = NULL;

	if (!ids)
		return err_nomem(err);
	for (int pages = 0; pages < FIND_PAGES; pages++) {
		_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
		struct mlflow_runs_query query = {.experiment_ids = ids,
						  .page = page,
						  .max = MLFLOW_PAGE};
		int r = search(o, &query, &list, err);

		if (r < 0)
			return r;
		hunt_page(&h, &list);
		if (!list.next_page)
			break;
		free(page);
		page = TAKE(list.next_page);
	}
	return hunt_verdict(o, &h, ret, err);
}

int run_find(struct op *o, const char *text, struct mlflow_run *ret, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	int r = tracking_active(o->t, &a, err);

	if (r < 0)
		return r;
	if (is_run_id(text)) {
		r = get_run(o, text, ret, err);
		if (r != E_NOTFOUND)
			return r;
	}
	if (!a.experiment_id || !*text)
		return unknown_run(text, err);
	return find_within(o, a.experiment_id, text, ret, err);
}

/* The run that argument run_id means, else the active one. */
static int named_run(struct op *o, struct mlflow_run *ret, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	const char *text;
	int r = op_text(o, "run_id", /* required= */ false, &text, err);

	if (r == 0)
		r = tracking_active(o->t, &a, err);
	if (r < 0)
		return r;
	if (text)
		return run_find(o, text, ret, err);
	return a.run_id ? get_run(o, a.run_id, ret, err) : tracking_no_run(err);
}

int op_get_run(struct op *o, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = op_client(o, err);

	if (r == 0)
		r = flush_before_reading(o, err);
	if (r == 0)
		r = named_run(o, &run, err);
	return r < 0 ? r : op_put(o, "run", full_run_json(o, &run), err);
}

static int list_experiment_id(struct op *o, char **ret, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	_cleanup_active_ struct active a = {0};
	const char *text;
	int r = op_text(o, "experiment", /* required= */ false, &text, err);

	if (r == 0)
		r = text ? experiment_find(o, text, &e, err) : tracking_active(o->t, &a, err);
	if (r < 0)
		return r;
	*ret = text ? TAKE(e.id) : TAKE(a.experiment_id);
	return *ret ? 0 : no_experiment(err);
}

static int list_runs(struct op *o, const char *experiment_id, int max, struct err *err)
{
	_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
	json_auto_t *ids = json_pack("[s]", experiment_id);
	json_auto_t *array = json_array();
	struct mlflow_runs_query query = {.experiment_ids = ids, .max = max};
	int r = ids && array ? search(o, &query, &list, err) : err_nomem(err);

	for (size_t i = 0; r == 0 && i < list.len; i++)
		if (json_array_append_new(array, full_run_json(o, &list.items[i])) < 0)
			r = err_nomem(err);
	if (r == 0)
		r = op_put(o, "runs", json_incref(array), err);
	return r < 0 ? r : op_put(o, "more", json_boolean(list.next_page), err);
}

int op_runs(struct op *o, struct err *err)
{
	_cleanup_free_ char *experiment_id = NULL;
	json_int_t max = json_get_int(o->args, "max", MLFLOW_PAGE);
	int r = op_client(o, err);

	if (r == 0)
		r = flush_before_reading(o, err);
	if (r == 0)
		r = list_experiment_id(o, &experiment_id, err);
	if (r < 0)
		return r;
	max = max < 1 ? 1 : max > MLFLOW_PAGE ? MLFLOW_PAGE : max;
	return list_runs(o, experiment_id, (int)max, err);
}

/* --- changing one --- */

/*
 * Make the run this kernel's to close, and open.  The tag comes first: whoever
 * adopts the journal of the kernel that had it looks there before closing it.
 */
static int claim(struct op *o, struct mlflow_run *run, struct err *err)
{
	int r;

	do
		r = mlflow_set_tag(o->m, run->id, "splice.kernel", o->t->id, o->cancel, err);
	while (op_again(o, &r, err));
	if (r < 0)
		return r;
	do
		r = mlflow_run_update(o->m, run->id, "RUNNING", 0, o->cancel, err);
	while (op_again(o, &r, err));
	if (r == 0)
		r = str_replace(&run->status, "RUNNING", err);
	run->end_time = 0;
	return r;
}

static int set(struct op *o, const char *text, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	_cleanup_active_ struct active a = {0};
	bool mine;
	int r = run_find(o, text, &run, err);

	if (r == 0)
		r = tracking_active(o->t, &a, err);
	if (r == 0 && (!a.run_id || !str_eq(a.run_id, run.id)))
		r = tracking_end_active(o->t, "FINISHED", err);
	if (r < 0)
		return r;
	/* A run that something else than a kernel keeps open stays theirs to close. */
	mine = !str_eq(run.status, "RUNNING") || json_object_get(run.tags, "splice.kernel");
	if (mine)
		r = claim(o, &run, err);
	if (r == 0)
		r = experiment_find_id(o, run.experiment_id, &e, err);
	if (r == 0)
		r = op_put(o, "run", run_json(o, &run), err);
	if (r < 0)
		return r;
	free(a.experiment_id);
	free(a.experiment_name);
	a.experiment_id = TAKE(e.id);
	a.experiment_name = TAKE(e.name);
	return activate(o, &a, &run, mine, err);
}

int op_set_run(struct op *o, struct err *err)
{
	const char *text;
	int r = op_text(o, "run_id", /* required= */ true, &text, err);

	if (r == 0)
		r = op_client(o, err);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = flush_before_reading(o, err);
	if (r == 0)
		r = set(o, text, err);
	op_unlock_change(o);
	return r;
}

int op_end_run(struct op *o, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	const char *status;
	int r = op_text(o, "status", /* required= */ false, &status, err);

	status = status ? status : "FINISHED";
	if (r == 0 && !str_eq(status, "FINISHED") && !str_eq(status, "FAILED") &&
	    !str_eq(status, "KILLED"))
		r = err_set(err, E_INPUT, "a run ends FINISHED, FAILED or KILLED, not \"%.60s\"",
			    status);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = tracking_active(o->t, &a, err);
	if (r == 0)
		r = tracking_end_active(o->t, status, err);
	op_unlock_change(o);
	if (r < 0)
		return r;
	return op_put(o, "run",
		      a.run_id ? json_pack("{s:s, s:s, s:o, s:s, s:s}", "id", a.run_id, "name",
					   a.run_name, "url",
					   page_url(o, a.run_experiment_id, a.run_id), "status",
					   status, "experiment_id", a.run_experiment_id)
			       : json_null(),
		      err);
}

/* Forget the active run if it is this one, without ending it. */
static int drop_if_active(struct op *o, const char *run_id, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	_cleanup_active_ struct active rest = {0};
	int r = tracking_active(o->t, &a, err);

	if (r < 0 || !a.run_id || !str_eq(a.run_id, run_id))
		return r;
	rest.experiment_id = TAKE(a.experiment_id);
	rest.experiment_name = TAKE(a.experiment_name);
	tracking_set_active(o->t, &rest);
	return 0;
}

static int delete_one(struct op *o, const char *run_id, struct err *err)
{
	int r;

	do
		r = mlflow_run_delete(o->m, run_id, o->cancel, err);
	while (op_again(o, &r, err));
	return r < 0 ? r : drop_if_active(o, run_id, err);
}

int op_delete_run(struct op *o, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = op_client(o, err);

	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	/* What is still to be sent would be refused by a deleted run. */
	r = flush_before_reading(o, err);
	if (r == 0)
		r = named_run(o, &run, err);
	if (r == 0)
		r = delete_one(o, run.id, err);
	op_unlock_change(o);
	return r < 0 ? r : op_put(o, "run_id", json_string(run.id), err);
}

int runs_delete_all(struct op *o, const char *experiment_id, uint64_t *ret, struct err *err)
{
	json_auto_t *ids = json_pack("[s]", experiment_id);
	int r = ids ? flush_before_reading(o, err) : err_nomem(err);

	while (r == 0) {
		_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
		struct mlflow_runs_query query = {.experiment_ids = ids, .max = DELETE_PAGE};

		r = search(o, &query, &list, err);
		if (r == 0 && list.len == 0)
			break;
		for (size_t i = 0; r == 0 && i < list.len; i++) {
			r = delete_one(o, list.items[i].id, err);
			*ret += r == 0;
		}
	}
	return r;
}
