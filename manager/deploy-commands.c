/*
 * Deployments from the command line.  What changes something is a job like
 * any other: it is put into the store, the Jobs Tracker works on it, and the
 * command shows its log until it has ended.
 */
#include "manager/commands-int.h"

#include "base/config.h"
#include "base/fs.h"
#include "base/str.h"
#include "deploy/endpoint.h"
#include "deploy/rehearsal.h"
#include "deploy/request.h"
#include "deploy/store.h"
#include "deploy/supervisor.h"
#include "manager/background.h"
#include "manager/words.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>

enum { FOLLOW_MS = 150, LINES = 200 };

static void show_notice(void *userdata, const char *text)
{
	(void)userdata;
	fprintf(stderr, "%s\n", text);
}

/* --- a job, followed to its end --- */

static int print_log(struct store *s, int64_t id, int64_t *after, struct err *err)
{
	size_t n;

	do {
		_cleanup_job_log_ struct job_log log = {0};
		int r = store_log_read(s, id, *after, LINES, &log, err);

		if (r < 0)
			return r;
		n = log.len;
		for (size_t i = 0; i < n; i++) {
			printf("%s\n", log.items[i].text);
			*after = log.items[i].number;
		}
	} while (n);
	(void)fflush(stdout);
	return 0;
}

static int show_end(const struct job *j, struct err *err)
{
	const char *url = json_get_str(j->result, "url", NULL);

	if (j->state == JOB_SUCCESS) {
		if (url)
			printf("%s/invocations\n", url);
		return 0;
	}
	if (j->state == JOB_CANCELLED)
		return err_set(err, E_CANCEL, "job %lld was cancelled", (long long)j->id);
	err_set(err, E_SERVER, "%s", j->error);
	err_set_hint(err, "%s", j->hint);
	return E_SERVER;
}

static int follow(struct store *s, int64_t id, struct err *err)
{
	int64_t after = 0;

	for (;;) {
		_cleanup_job_ struct job j = {0};
		int r = store_job_get(s, id, &j, err);

		if (r == 0)
			r = print_log(s, id, &after, err);
		if (r < 0)
			return r;
		if (j.ended)
			return show_end(&j, err);
		(void)poll(NULL, 0, FOLLOW_MS);
	}
}

static int add_job(struct store *s, const struct request *q, int64_t *ret, struct err *err)
{
	const struct passwd *user = getpwuid(getuid());
	json_auto_t *request = request_json(q);
	struct job_new job = {
		.kind = request_kind_name(q->kind),
		.target = deploy_target_name(q->target),
		.region = q->region,
		.app = q->app,
		.user = user ? user->pw_name : "",
		.request = request,
	};

	return request ? store_job_add(s, &job, ret, err) : err_nomem(err);
}

/* The page's address is a key to it: what is shown here is the address without. */
static int start_tracker(struct err *err)
{
	int r = background_ensure(err);

	return r < 0 ? r
		     : supervisor_ask(MANAGER_ENSURE, "jobs", /* cancel= */ NULL, show_notice, NULL,
				      /* ret= */ NULL, err);
}

static int run_job(const struct request *q, struct err *err)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_free_ char *path = NULL;
	int64_t id;
	int r = store_default_path(&path, err);

	if (r == 0)
		r = store_open(path, &s, err);
	if (r == 0)
		r = start_tracker(err);
	if (r == 0)
		r = add_job(s, q, &id, err);
	if (r < 0)
		return r;
	fprintf(stderr, "job %lld\n", (long long)id);
	return follow(s, id, err);
}

/* What is wrong with the request is wrong with the words. */
static int read_request(char *const *words, enum request_kind kind, const char *const *places,
			struct request *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = words_parse(words, places, &j, err);

	if (r == 0)
		r = request_parse(kind, j, ret, /* faults= */ NULL, err);
	if (r == E_INPUT && err)
		err->code = E_USAGE;
	return r == E_INPUT ? E_USAGE : r;
}

static int run_request(char *const *words, enum request_kind kind, const char *const *places,
		       struct err *err)
{
	_cleanup_request_ struct request q = {0};
	int r = read_request(words, kind, places, &q, err);

	return r < 0 ? r : run_job(&q, err);
}

int run_deploy(char *const *words, struct err *err)
{
	static const char *const places[] = {NULL};

	return run_request(words, REQUEST_DEPLOY, places, err);
}

int run_shift(char *const *words, struct err *err)
{
	static const char *const places[] = {"app_name", "percent", NULL};

	return run_request(words, REQUEST_SHIFT, places, err);
}

int run_undeploy(char *const *words, struct err *err)
{
	static const char *const places[] = {"app_name", NULL};

	return run_request(words, REQUEST_UNDEPLOY, places, err);
}

/* --- endpoints --- */

/* The service's entry in the manager's status; NULL when it has none. */
static const json_t *find_service(const json_t *status, const char *app)
{
	_cleanup_free_ char *name = endpoint_service(app);
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(status, "services"), i, s)
		if (name && str_eq(json_get_str(s, "name", ""), name))
			return s;
	return NULL;
}

static double total_weight(const struct endpoint_file *e)
{
	double sum = 0;

	for (size_t i = 0; i < e->n_variants; i++)
		sum += e->variants[i].weight;
	return sum;
}

static int print_endpoint(const char *app, const json_t *status, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	const json_t *service = find_service(status, app);
	json_auto_t *j = NULL;
	double sum;
	int r = endpoint_read(app, &j, err);

	if (r == 0)
		r = endpoint_parse(j, &e, err);
	if (r < 0)
		return r;
	sum = total_weight(&e);
	printf("%s  %s  http://127.0.0.1:%lld/invocations\n", app,
	       json_get_str(service, "state", "stopped"),
	       (long long)json_get_int(service, "port", e.port));
	for (size_t i = 0; i < e.n_variants; i++)
		printf("  %-40s %5.1f %%  run %s\n", e.variants[i].name,
		       sum > 0 ? e.variants[i].weight / sum * 100 : 0, e.variants[i].run_id);
	return 0;
}

int run_endpoints(char *const *words, struct err *err)
{
	_cleanup_strv_ struct strv apps = {0};
	json_auto_t *status = NULL;
	int r = words[0] ? err_set(err, E_USAGE, "endpoints takes no words")
			 : endpoint_list(&apps, err);

	if (r < 0)
		return r;
	if (supervisor_ask(MANAGER_STATUS, "", NULL, NULL, NULL, &status, /* err= */ NULL) < 0)
		status = NULL; /* no manager: all are stopped */
	if (!apps.len)
		printf("no endpoints\n");
	for (size_t i = 0; r == 0 && i < apps.len; i++)
		r = print_endpoint(apps.items[i], status, err);
	return r;
}

/* --- doctor --- */

static int tracking_uri(void *userdata, char **ret, struct err *err)
{
	int r = background_ensure(err);

	(void)userdata;
	return r < 0 ? r : supervisor_tracking_uri(/* cancel= */ NULL, show_notice, NULL, ret, err);
}

static void print_finding(void *userdata, const struct finding *f)
{
	(void)userdata;
	printf("%-8s %-10s %s\n", finding_level_name(f->level), f->check, f->text);
	if (*f->hint)
		printf("%-19s → %s\n", "", f->hint);
	(void)fflush(stdout);
}

static int rehearse_in(const char *folder, const struct request *q, struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_findings_ struct findings findings = {0};
	struct rehearsal o = {
		.request = q,
		.folder = folder,
		.tracking_uri = tracking_uri,
		.told = print_finding,
	};
	int64_t port;
	int r = config_load(&config, err);

	if (r == 0)
		r = config_get_i64(config, "endpoint.port", &port, err);
	if (r < 0)
		return r;
	o.port = (int)port;
	r = rehearse(&o, &findings, err);
	if (r < 0)
		return r;
	return findings_worst(&findings) == FINDING_FAILED
		       ? err_set(err, E_SERVER, "this deployment would fail")
		       : 0;
}

static int rehearse_request(const struct request *q, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = fs_place(PLACE_DATA, "rehearsal-XXXXXX", &folder, err), removed;

	if (r < 0)
		return r;
	if (!mkdtemp(folder))
		return err_set_errno(err, E_IO, errno, "%s", folder);
	r = rehearse_in(folder, q, err);
	removed = fs_remove_tree(folder, r < 0 ? NULL : err);
	return r < 0 ? r : removed;
}

int run_doctor(char *const *words, struct err *err)
{
	static const char *const places[] = {NULL};
	_cleanup_request_ struct request q = {0};
	int r;

	if (!words[0] || !str_eq(words[0], "deploy"))
		return err_set(err, E_USAGE, "doctor deploy, and the words that deploy would get");
	r = read_request(words + 1, REQUEST_CHECK, places, &q, err);
	return r < 0 ? r : rehearse_request(&q, err);
}
