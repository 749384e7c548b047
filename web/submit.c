/* Checking requests against what there is, and adding them. */
#include "web/submit.h"

#include "base/limits.h"
#include "web/served.h"

#include <pwd.h>
#include <stdio.h>

enum { USER_BYTES = 4096 };

void submission_release(struct submission *s)
{
	request_release(&s->request);
	run_facts_release(&s->facts);
}

const struct request_fault *fault_of(const struct request_faults *faults, const char *field)
{
	for (size_t i = 0; i < faults->len; i++)
		if (str_eq(faults->items[i].field, field))
			return &faults->items[i];
	return NULL;
}

json_t *faults_json(const struct request_faults *faults)
{
	json_auto_t *obj = json_object();

	for (size_t i = 0; obj && i < faults->len; i++) {
		const struct request_fault *f = &faults->items[i];

		if (json_object_set_new(obj, f->field,
					json_pack("{s:o, s:o}", "message", json_strz(f->text),
						  "hint", json_strz(f->hint))) < 0)
			return NULL;
	}
	return json_incref(obj);
}

static void add_fault(struct request_faults *faults, const char *field, const char *text,
		      const char *hint)
{
	struct request_fault *f;

	if (faults->len == ARRAY_LEN(faults->items) || fault_of(faults, field))
		return;
	f = &faults->items[faults->len++];
	f->field = field;
	(void)snprintf(f->text, sizeof(f->text), "%s", text);
	(void)snprintf(f->hint, sizeof(f->hint), "%s", hint);
}

static void judge_model(struct submission *s, bool local)
{
	const struct run_facts *f = &s->facts;
	_cleanup_buf_ struct buf note;
	_cleanup_free_ char *text = NULL;

	buf_init(&note, KIB(64));
	/* At AWS, MLflow's own image serves what the scorer does not know. */
	if (f->scorer_knows || (f->has_model && !local))
		return;
	run_note(f, &note);
	text = buf_take_str(&note);
	add_fault(&s->faults, "run_id", text ? text : "holds no model that can be served",
		  f->has_model ? "log a pipeline of stages that docs/SCORER.md lists, or choose "
				 "sagemaker"
			       : "log one with manager.log_spark_model, or choose another run");
}

static void judge_run(struct submission *s, const json_t *in)
{
	const char *experiment = json_get_str(in, "experiment_id", "");
	const struct run_facts *f = &s->facts;
	char text[160];

	if (f->run.deleted)
		add_fault(&s->faults, "run_id", "this run is deleted",
			  "restore it in MLflow, or choose another");
	if (*experiment && !str_eq(experiment, f->run.experiment_id)) {
		(void)snprintf(text, sizeof(text), "the run belongs to experiment %.40s",
			       f->run.experiment_id);
		add_fault(&s->faults, "experiment_id", text, "leave it empty for the run's own");
	}
	judge_model(s, !str_eq(json_get_str(in, "target", "local"), "sagemaker"));
}

static int look_at_run(struct call *q, const json_t *in, struct submission *s, struct err *err)
{
	const char *run_id = json_get_str(in, "run_id", "");
	struct mlflow *m = NULL;
	int r;

	if (!*run_id || fault_of(&s->faults, "run_id"))
		return 0;
	r = call_mlflow(q, &m, err);
	if (r == 0)
		r = run_look(m, run_id, &q->web->stop, &s->facts, err);
	if (r == E_NOTFOUND || r == E_INPUT) {
		err_clear(err);
		add_fault(&s->faults, "run_id", "MLflow has no such run",
			  "copy it from the run's page, or choose one of the list");
		return 0;
	}
	q->upstream = r < 0;
	if (r < 0)
		return r;
	s->looked = true;
	judge_run(s, in);
	return 0;
}

/* Whether an app of this name is there already matters to `create`. */
static int look_at_app(struct call *q, const json_t *in, struct submission *s, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	const char *app = json_get_str(in, "app_name", "");
	const char *target = json_get_str(in, "target", "");
	struct store *store = NULL;
	int r;

	if (!*app || !str_eq(json_get_str(in, "mode", "create"), "create"))
		return 0;
	r = call_store(q, &store, err);
	if (r == 0)
		r = served_find(store, *target ? target : "local", json_get_str(in, "region", ""),
				app, &q->web->stop, &e, err);
	if (r == 0)
		add_fault(&s->faults, "mode", "an app of this name is there already",
			  "choose replace or add, or another name");
	if (r == E_NOTFOUND) {
		err_clear(err);
		r = 0;
	}
	return r;
}

/* A deployment without an experiment is of the run's own. */
static int fill_in(struct submission *s, struct err *err)
{
	if (s->faults.len || !s->looked || *s->request.experiment_id)
		return 0;
	return str_replace(&s->request.experiment_id, s->facts.run.experiment_id, err);
}

int submit_check(struct call *q, enum request_kind kind, const json_t *in, struct submission *ret,
		 struct err *err)
{
	struct err first = ERR_INIT;
	int r = request_parse(kind, in, &ret->request, &ret->faults, &first);

	if (r < 0 && r != E_INPUT)
		return err_nomem(err);
	if (kind != REQUEST_DEPLOY && kind != REQUEST_CHECK)
		return 0;
	r = look_at_app(q, in, ret, err);
	if (r == 0)
		r = look_at_run(q, in, ret, err);
	return r < 0 ? r : fill_in(ret, err);
}

int submit_refuse(struct call *q, const struct submission *s, struct err *err)
{
	const struct request_fault *f = &s->faults.items[0];
	int r;

	if (!s->faults.len)
		return 0;
	r = *f->field ? call_bad_field(q, f->field, err, "%s: %s", f->field, f->text)
		      : err_set(err, E_INPUT, "%s", f->text);
	err_set_hint(err, "%s", f->hint);
	return r;
}

/* All who know the token are the user that runs the server.  buf holds what is returned. */
static const char *user_name(char *buf, size_t size)
{
	struct passwd user, *found = NULL;

	return getpwuid_r(getuid(), &user, buf, size, &found) == 0 && found ? found->pw_name : "";
}

int submit_add(struct call *q, const struct request *request, int64_t *ret_id, struct err *err)
{
	json_auto_t *members = request_json(request);
	char names[USER_BYTES];
	const struct job_new job = {
		.kind = request_kind_name(request->kind),
		.target = deploy_target_name(request->target),
		.region = request->region,
		.app = request->app,
		.user = user_name(names, sizeof(names)),
		.request = members,
	};
	struct store *store = NULL;
	int r;

	if (!members)
		return err_nomem(err);
	r = call_store(q, &store, err);
	if (r == 0)
		r = store_job_add(store, &job, ret_id, err);
	if (r == 0)
		web_wake(q->web);
	return r;
}
