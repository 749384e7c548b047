/*
 * The commands of %mlmanager that change what is served: deploy, shift,
 * undeploy, and the job behind each of them, followed until it ends.
 */
#include "magics/mlmanager/mlmanager-int.h"

#include "notebook/jobs.h"

#include <inttypes.h>
#include <string.h>

enum { LOG_WAIT_S = 10 }; /* for new lines of a log, before it is asked again */

int jobs(struct magic_call *call, const char *op, json_t *args, json_t **ret, struct err *err)
{
	struct out_notice notice = {.out = call->out};
	json_auto_t *owned = args;

	return owned ? notebook_jobs(call->nb, op, owned, call->cancel, out_notice_show, &notice,
				     ret, err)
		     : err_nomem(err);
}

static int show_log(struct magic_call *call, json_int_t id, bool *ret_ended, json_int_t *last,
		    struct err *err)
{
	json_auto_t *log = NULL;
	const json_t *line;
	size_t i;
	int r = jobs(call, "log",
		     json_pack("{s:I, s:I, s:i}", "id", id, "after", *last, "wait", LOG_WAIT_S),
		     &log, err);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(log, "lines"), i, line)
		out_printf(call->out, STREAM_STDOUT, "%s\n", json_get_str(line, "text", ""));
	*last = json_get_int(log, "last", *last);
	*ret_ended = json_get_bool(log, "ended", false);
	return 0;
}

/* Stop was pressed: the job is told as well, with a voice that is not cancelled. */
static void stop_job(struct magic_call *call, json_int_t id, const char *page)
{
	json_auto_t *args = json_pack("{s:I}", "id", id);
	json_auto_t *answer = NULL;
	struct err err = ERR_INIT;

	if (args && notebook_jobs(call->nb, "cancel", args, NULL, NULL, NULL, &answer, &err) == 0)
		out_printf(call->out, STREAM_STDERR,
			   "Job %" JSON_INTEGER_FORMAT
			   " is being cancelled; what it made is removed: %s\n",
			   id, page);
	else
		out_printf(call->out, STREAM_STDERR,
			   "Job %" JSON_INTEGER_FORMAT " goes on (%s): %s\n", id, err.text, page);
}

static int job_failed(const json_t *job, const char *page, struct err *err)
{
	const char *hint = json_get_str(job, "hint", "");
	bool cancelled = str_eq(json_get_str(job, "state", ""), "cancelled");
	int r = err_set(err, cancelled ? E_CANCEL : E_SERVER, "job %" JSON_INTEGER_FORMAT " %s%s%s",
			json_get_int(job, "id", 0), cancelled ? "was cancelled" : "failed",
			cancelled ? "" : ": ", cancelled ? "" : json_get_str(job, "error", ""));

	err_set_hint(err, "%s%s%s", hint, *hint ? "\n" : "", page);
	return r;
}

int follow_job(struct magic_call *call, const json_t *answer, json_t **ret_job, struct err *err)
{
	json_int_t id = json_get_int(json_object_get(answer, "job"), "id", 0), last = 0;
	const char *page = json_get_str(answer, "page", "");
	json_auto_t *end = NULL;
	const json_t *job;
	bool ended = false;
	int r = 0;

	while (r == 0 && !ended)
		r = show_log(call, id, &ended, &last, err);
	if (r == E_CANCEL)
		stop_job(call, id, page);
	if (r == 0)
		r = jobs(call, "get", json_pack("{s:I}", "id", id), &end, err);
	if (r < 0)
		return r;
	job = json_object_get(end, "job");
	if (!str_eq(json_get_str(job, "state", ""), "success"))
		return job_failed(job, page, err);
	*ret_job = json_incref((json_t *)job);
	return 0;
}

/* Options of a deployment as words, and the members of the request that they fill. */
static const struct {
	const char *option, *member;
} deploy_options[] = {
	{"app", "app_name"},
	{"target", "target"},
	{"mode", "mode"},
	{"region", "region"},
	{"instances", "instance_count"},
	{"type", "instance_type"},
	{"weight", "weight"},
};

static int take_options(struct strv *words, json_t *request, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(deploy_options); i++) {
		_cleanup_free_ char *value = NULL;
		int r = words_option(words, deploy_options[i].option, &value, err);

		if (r < 0)
			return r;
		if (value &&
		    json_object_set_new(request, deploy_options[i].member, json_strz(value)) < 0)
			return err_nomem(err);
	}
	if (words_switch(words, "archive") &&
	    json_object_set_new(request, "archive", json_true()) < 0)
		return err_nomem(err);
	return words_no_options(words, err);
}

/* A name, an id, its beginning, or nothing for the active run: its whole id. */
static int put_run(struct magic_call *call, const struct strv *words, json_t *request,
		   struct err *err)
{
	_cleanup_free_ char *name = words_join(words, 1);
	json_auto_t *found = NULL;
	const char *id;
	int r = name ? track(call, "get_run", json_pack("{s:s?}", "run_id", *name ? name : NULL),
			     &found, err)
		     : err_nomem(err);

	if (r < 0)
		return r;
	id = json_get_str(json_object_get(found, "run"), "id", "");
	return json_object_set_new(request, "run_id", json_string(id)) < 0 ? err_nomem(err) : 0;
}

/* Where requests go; the caller frees. */
static char *invocations_url(const json_t *job)
{
	const char *base = json_get_str(json_object_get(job, "result"), "url", "");

	if (str_eq(json_get_str(job, "target", ""), "sagemaker"))
		return str_fmt(
			"https://runtime.sagemaker.%s.amazonaws.com/endpoints/%s/invocations",
			json_get_str(job, "region", ""), json_get_str(job, "app", ""));
	return str_fmt("%s/invocations", base);
}

static int show_endpoint(struct magic_call *call, const json_t *job, struct err *err)
{
	const json_t *result = json_object_get(job, "result");
	_cleanup_free_ char *url = invocations_url(job);
	_cleanup_free_ char *note = str_fmt("(%s), variant %s", json_get_str(job, "target", ""),
					    json_get_str(result, "variant", "?"));

	return note && url ? show_link(call, "Endpoint", json_get_str(job, "app", ""), note, url,
				       "invocations", err)
			   : err_nomem(err);
}

static int require_app(const json_t *request, struct err *err)
{
	if (json_object_get(request, "app_name"))
		return 0;
	err_set(err, E_USAGE, "deploy needs the name of the endpoint: --app NAME");
	err_set_hint(err, "%%mlmanager deploy RUN --app NAME [--mode create|replace|add]");
	return E_USAGE;
}

static int add_job(struct magic_call *call, json_t *request, const char *kind, bool wait,
		   json_t **ret_job, struct err *err)
{
	json_auto_t *answer = NULL;
	int r = json_object_set_new(request, "kind", json_string(kind)) < 0
			? err_nomem(err)
			: jobs(call, "add", json_incref(request), &answer, err);

	if (r < 0)
		return r;
	if (wait)
		return follow_job(call, answer, ret_job, err);
	return show_job(call, answer, err);
}

static int deploy(struct magic_call *call, struct strv *words, const char *kind, json_t **ret_job,
		  struct err *err)
{
	json_auto_t *request = json_object();
	bool wait = !words_switch(words, "no-wait");
	int r = request ? take_options(words, request, err) : err_nomem(err);

	if (r == 0)
		r = require_app(request, err);
	if (r == 0)
		r = put_run(call, words, request, err);
	return r < 0 ? r : add_job(call, request, kind, wait, ret_job, err);
}

int command_deploy(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *job = NULL;
	int r = deploy(call, words, "deploy", &job, err);

	return r < 0 || !job ? r : show_endpoint(call, job, err);
}

int command_doctor(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *job = NULL;

	if (!str_eq(words->items[1], "deploy")) {
		err_set(err, E_USAGE, "doctor knows how to check: deploy");
		err_set_hint(err, "%%mlmanager doctor deploy RUN --app NAME checks a deployment "
				  "without making anything");
		return E_USAGE;
	}
	strv_remove(words, 1);
	return deploy(call, words, "check", &job, err);
}

/* {"app", "target"?, "region"?} of the words; *ret is new. */
static int endpoint_args(struct strv *words, json_t **ret, struct err *err)
{
	_cleanup_free_ char *target = NULL, *region = NULL;
	int r = words_option(words, "target", &target, err);

	if (r == 0)
		r = words_option(words, "region", &region, err);
	if (r == 0)
		r = words_no_options(words, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s*, s:s*}", "app", words->items[1], "target", target, "region",
			 region);
	return *ret ? 0 : err_nomem(err);
}

/* "10%" or "12.5%" into 10 or 12.5. */
static int parse_percent(const char *word, double *ret, struct err *err)
{
	size_t n = strlen(word);
	_cleanup_free_ char *number = NULL;

	if (n < 2 || word[n - 1] != '%')
		return err_set(err, E_USAGE, "\"%.60s\" is no share: shift APP 10%%", word);
	number = str_ndup(word, n - 1);
	return number ? str_parse_f64(number, ret, err) : err_nomem(err);
}

/* Follow the job of an answer whose result is of no further use. */
static int follow(struct magic_call *call, const json_t *answer, struct err *err)
{
	json_auto_t *job = NULL;

	return follow_job(call, answer, &job, err);
}

int command_shift(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *variant = NULL;
	json_auto_t *args = NULL, *answer = NULL;
	double percent;
	int r = words_option(words, "variant", &variant, err);

	if (r == 0)
		r = endpoint_args(words, &args, err);
	if (r == 0)
		r = words->len == 3 ? parse_percent(words->items[2], &percent, err)
				    : err_set(err, E_USAGE,
					      "shift takes an endpoint and its new "
					      "share: shift APP 10%%");
	if (r == 0 && (json_object_set_new(args, "percent", json_real(percent)) < 0 ||
		       (variant && json_object_set_new(args, "variant", json_strz(variant)) < 0)))
		r = err_nomem(err);
	if (r == 0)
		r = jobs(call, "shift", TAKE(args), &answer, err);
	return r < 0 ? r : follow(call, answer, err);
}

int command_undeploy(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *args = NULL, *answer = NULL;
	int r = endpoint_args(words, &args, err);

	if (r == 0)
		r = jobs(call, "undeploy", TAKE(args), &answer, err);
	return r < 0 ? r : follow(call, answer, err);
}
