/* Steps that change what is served: endpoint.json, and the scorer that reads it. */
#include "deploy/local-int.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "deploy/scorer.h"
#include "deploy/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

enum {
	TAKEN_MS = 60000, /* for a changed endpoint.json to be taken: large models load for long */
	HEALTHY_MS = 60000,
	LOOK_MS = 50,
};

static void say_notice(void *userdata, const char *text)
{
	step_say(userdata, "%s", text);
}

/* --- the scorer --- */

/* The port of the service while it is ready, as status has it; 0 when it is not. */
static int ready_port(const struct step_context *c, const char *service, int *ret, struct err *err)
{
	json_auto_t *status = NULL;
	json_t *s;
	size_t i;
	int r = supervisor_ask(MANAGER_STATUS, "", c->cancel, NULL, NULL, &status, err);

	if (r < 0)
		return r;
	*ret = 0;
	json_array_foreach (json_object_get(status, "services"), i, s)
		if (str_eq(json_get_str(s, "name", ""), service) &&
		    str_eq(json_get_str(s, "state", ""), "ready"))
			*ret = (int)json_get_int(s, "port", 0);
	return 0;
}

/* How often it has read its files by now; E_NOTFOUND when it does not run. */
static int reloads_now(const struct step_context *c, const char *service,
		       struct scorer_reloads *ret, struct err *err)
{
	_cleanup_free_ char *url = NULL;
	int port, r = ready_port(c, service, &port, err);

	if (r < 0)
		return r;
	if (!port)
		return err_set(err, E_NOTFOUND, "%s does not run", service);
	url = str_fmt("http://127.0.0.1:%d", port);
	return url ? scorer_reloads(url, c->cancel, ret, err) : err_nomem(err);
}

/* Until it has read its files once more.  One that was started anew meanwhile counts from 0. */
static int wait_taken(const struct step_context *c, const char *url,
		      const struct scorer_reloads *before, struct err *err)
{
	int64_t deadline = clock_ms() + TAKEN_MS;

	while (clock_ms() < deadline) {
		struct scorer_reloads now;
		int r = scorer_reloads(url, c->cancel, &now, /* err= */ NULL);

		if (r == 0 && now.refused > before->refused) {
			err_set(err, E_SERVER, "the scorer does not take the endpoint");
			err_set_hint(err, "splice-manager logs endpoint:%s says why",
				     local_of(c)->request->app);
			return E_SERVER;
		}
		if (r == 0 && now.taken != before->taken)
			return 0;
		r = cancel_wait_fd(c->cancel, -1, 0, LOOK_MS, err);
		if (r < 0 && r != E_TIMEOUT)
			return r;
		err_clear(err);
	}
	return err_set(err, E_TIMEOUT, "the scorer did not take the endpoint within %d s",
		       TAKEN_MS / 1000);
}

/* Have splice-manager start it, or tell it to read its files. */
static int have_taken(struct step_context *c, const char *service, char **ret_url, struct err *err)
{
	json_auto_t *answer = NULL;
	struct scorer_reloads before;
	_cleanup_free_ char *url = NULL;
	bool ran = reloads_now(c, service, &before, /* err= */ NULL) == 0;
	int r = supervisor_ask(MANAGER_RELOAD, service, c->cancel, say_notice, c, &answer, err);

	if (r < 0)
		return r;
	url = str_dup(json_get_str(answer, "url", ""));
	if (!url)
		return err_nomem(err);
	if (ran && json_get_bool(answer, "reloaded", false))
		r = wait_taken(c, url, &before, err);
	if (r == 0 && ret_url)
		*ret_url = TAKE(url);
	return r;
}

/* Have the endpoint serve what this object says, and return once it does. */
static int serve(struct step_context *c, const json_t *endpoint, char **ret_url, struct err *err)
{
	const char *app = local_of(c)->request->app;
	_cleanup_free_ char *service = endpoint_service(app);
	int r = service ? endpoint_write(app, endpoint, err) : err_nomem(err);

	return r < 0 ? r : have_taken(c, service, ret_url, err);
}

/* What does not run, and a manager that does not, need no stopping. */
static int withdraw(struct step_context *c, struct err *err)
{
	const char *app = local_of(c)->request->app;
	_cleanup_free_ char *service = endpoint_service(app);
	int r = service ? supervisor_ask(MANAGER_STOP, service, c->cancel, NULL, NULL,
					 /* ret= */ NULL, err)
			: err_nomem(err);

	if (r == E_NOTFOUND || r == E_CLOSED) {
		err_clear(err);
		r = 0;
	}
	return r < 0 ? r : endpoint_remove_file(app, err);
}

int local_undo_serve(struct step_context *c, const json_t *plan, const json_t *result,
		     struct err *err)
{
	json_auto_t *now = NULL;
	json_auto_t *before = NULL;
	int r = local_current(c, &now, err);

	(void)result;
	if (r == 0)
		r = local_before(now, plan, &before, err);
	if (r < 0)
		return r;
	if (!before) {
		step_say(c, "the endpoint was changed by another job since: it stays as it is");
		return 0;
	}
	return json_is_null(before) ? withdraw(c, err) : serve(c, before, /* ret_url= */ NULL, err);
}

/* --- join --- */

int local_plan_join(struct step_context *c, json_t **ret, struct err *err)
{
	char name[VARIANT_NAME_MAX + 1];
	json_auto_t *before = NULL;
	int r = local_check(local_of(c)->request, err);

	if (r == 0)
		r = local_current(c, &before, err);
	if (r < 0)
		return r;
	request_variant_name(local_of(c)->request, c->job, /* room= */ 0, name);
	*ret = json_pack("{s:s, s:I, s:O}", "variant", name, "created", (json_int_t)clock_wall_ms(),
			 "before", before);
	return *ret ? 0 : err_nomem(err);
}

/* An endpoint without variants, at a port of its own. */
static int new_endpoint(struct step_context *c, struct endpoint_file *e, struct err *err)
{
	json_auto_t *now = NULL;
	int r = local_current(c, &now, err);

	if (r < 0)
		return r;
	e->app = str_dup(local_of(c)->request->app);
	e->port = (int)json_get_int(now, "port", 0); /* of a worker that was killed */
	if (!e->app)
		return err_nomem(err);
	return e->port ? 0 : endpoint_pick_port(local_of(c)->port, &e->port, err);
}

static int joined(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	const json_t *before = json_object_get(plan, "before");
	const json_t *package = step_result(c, "package");
	struct endpoint_variant v = {
		.name = (char *)json_get_str(plan, "variant", ""),
		.model = (char *)json_get_str(step_plan(c, "place"), "file", ""),
		.run_id = (char *)json_get_str(package, "run_id", ""),
		.experiment_id = (char *)json_get_str(package, "experiment_id", ""),
		.created = json_get_int(plan, "created", 0),
	};
	int r = json_is_object(before) ? endpoint_parse(before, &e, err) : new_endpoint(c, &e, err);

	if (r < 0)
		return r;
	v.weight = e.n_variants ? 0 : 1;
	r = endpoint_add_variant(&e, &v, err);
	if (r < 0)
		return r;
	*ret = endpoint_json(&e);
	return *ret ? 0 : err_nomem(err);
}

/* Ports are handed out one endpoint at a time. */
static int lock_ports(int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r = fs_place(PLACE_DATA, "endpoints.lock", &path, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int write_joined(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_close_ int lock = -1;
	int r = lock_ports(&lock, err);

	if (r == 0)
		r = joined(c, plan, ret, err);
	return r < 0 ? r : endpoint_write(local_of(c)->request->app, *ret, err);
}

int local_join(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	json_auto_t *endpoint = NULL;
	_cleanup_free_ char *url = NULL;
	int r = write_joined(c, plan, &endpoint, err);

	if (r == 0)
		r = serve(c, endpoint, &url, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s}", "url", url);
	return *ret ? 0 : err_nomem(err);
}

/* --- healthy --- */

/* Worth another try for a while. */
static bool comes_up(int r)
{
	return r == E_NOTFOUND || r == E_IO || r == E_CLOSED;
}

static int ask_until(struct step_context *c, const json_t *body, const json_t *expected,
		     struct err *err)
{
	const char *url = json_get_str(step_result(c, "join"), "url", "");
	const char *variant = json_get_str(step_plan(c, "join"), "variant", "");
	int64_t deadline = clock_ms() + HEALTHY_MS;

	for (;;) {
		int r = scorer_check(url, variant, body, expected, c->cancel, err);

		if (!comes_up(r) || clock_ms() > deadline)
			return r;
		err_clear(err);
		r = cancel_wait_fd(c->cancel, -1, 0, LOOK_MS, err);
		if (r < 0 && r != E_TIMEOUT)
			return r;
		err_clear(err);
	}
}

int local_healthy(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	bool has_sample = json_get_bool(step_result(c, "package"), "sample", false);
	_cleanup_free_ char *model = NULL;
	_cleanup_free_ char *sample = NULL;
	json_auto_t *body = NULL;
	json_auto_t *expected = NULL;
	int r = local_job_path(c, "model.json", &model, err);

	(void)plan;
	if (r == 0 && has_sample)
		r = local_job_path(c, "sample.json", &sample, err);
	if (r == 0)
		r = scorer_body(model, sample, &body, &expected, err);
	if (r == 0)
		r = ask_until(c, body, expected, err);
	if (r < 0)
		return r;
	step_say(c, "it answers at %s", json_get_str(step_result(c, "join"), "url", ""));
	*ret = json_pack("{s:I}", "rows", (json_int_t)json_array_size(expected));
	return *ret ? 0 : err_nomem(err);
}

/* --- switch --- */

/* Which variants stay, and their weights, once the new one is found good. */
static int switched(struct step_context *c, struct endpoint_file *e, const char *variant,
		    struct err *err)
{
	const struct request *q = local_of(c)->request;
	struct endpoint_variant *v = endpoint_find_variant(e, variant);

	if (!v)
		return err_set(err, E_INPUT, "the endpoint.json of %s was changed meanwhile",
			       q->app);
	if (q->mode == MODE_ADD) {
		v->weight = e->n_variants == 1 ? 1 : q->weight;
		return 0;
	}
	v->weight = 1;
	endpoint_keep_only(e, v);
	return 0;
}

int local_plan_switch(struct step_context *c, json_t **ret, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	json_auto_t *before = NULL;
	int r = local_current(c, &before, err);

	if (r == 0)
		r = endpoint_parse(before, &e, err);
	if (r == 0)
		r = switched(c, &e, json_get_str(step_plan(c, "join"), "variant", ""), err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:o}", "before", before, "after", endpoint_json(&e));
	return *ret ? 0 : err_nomem(err);
}

int local_switch(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const json_t *after = json_object_get(plan, "after");

	(void)ret;
	if (json_equal(json_object_get(plan, "before"), (json_t *)after))
		return 0; /* it is alone, or was added without requests */
	return serve(c, after, /* ret_url= */ NULL, err);
}

/* --- shift --- */

static int no_variant(const struct endpoint_file *e, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < e->n_variants; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", e->variants[i].name);
	buf_put_u8(&b, '\0');
	err_set(err, E_NOTFOUND, "%s has no variant %s", e->app, name);
	err_set_hint(err, "it has %.400s", b.len ? (const char *)b.data : "none");
	return E_NOTFOUND;
}

static int shifted(const struct request *q, struct endpoint_file *e, struct err *err)
{
	struct endpoint_variant *v =
		*q->variant ? endpoint_find_variant(e, q->variant) : endpoint_newest_variant(e);

	if (!v)
		return no_variant(e, q->variant, err);
	if (e->n_variants == 1 && q->percent < 100) {
		err_set(err, E_INPUT, "%s has one variant, which takes all requests", q->app);
		err_set_hint(err, "put another beside it first: deploy with mode add");
		return E_INPUT;
	}
	endpoint_shift(e, v, q->percent);
	return 0;
}

int local_plan_shift(struct step_context *c, json_t **ret, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	json_auto_t *before = NULL;
	int r = local_check(local_of(c)->request, err);

	if (r == 0)
		r = local_current(c, &before, err);
	if (r == 0)
		r = endpoint_parse(before, &e, err);
	if (r == 0)
		r = shifted(local_of(c)->request, &e, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:o}", "before", before, "after", endpoint_json(&e));
	return *ret ? 0 : err_nomem(err);
}

int local_shift(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_free_ char *url = NULL;
	const json_t *after = json_object_get(plan, "after");
	json_t *v;
	size_t i;
	int r = serve(c, after, &url, err);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(after, "variants"), i, v)
		step_say(c, "%s gets %.4g %% of the requests", json_get_str(v, "name", ""),
			 json_number_value(json_object_get(v, "weight"))); /* they sum up to 100 */
	*ret = json_pack("{s:s, s:s, s:s, s:O}", "target", "local", "app",
			 local_of(c)->request->app, "url", url, "variants",
			 json_object_get(after, "variants"));
	return *ret ? 0 : err_nomem(err);
}

/* --- withdraw --- */

int local_plan_withdraw(struct step_context *c, json_t **ret, struct err *err)
{
	json_auto_t *before = NULL;
	int r = local_check(local_of(c)->request, err);

	if (r == 0)
		r = local_current(c, &before, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O}", "before", before);
	return *ret ? 0 : err_nomem(err);
}

int local_withdraw(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	(void)plan, (void)ret;
	return withdraw(c, err);
}
