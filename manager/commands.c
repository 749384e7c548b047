/* The commands of splice-manager. */
#include "manager/commands-int.h"

#include "base/fs.h"
#include "manager/background.h"
#include "manager/def.h"
#include "manager/endpoint.h"
#include "manager/logfile.h"
#include "manager/logs.h"
#include "manager/status.h"
#include "protocol/manager/client.h"

#include <unistd.h>

enum { STOP_MS = 60000 };

static int check_service(const char *name, struct err *err)
{
	for (const struct service_def *const *d = services_all; *d; d++)
		if (str_eq((*d)->name, name))
			return 0;
	if (endpoint_app(name) && endpoint_exists(endpoint_app(name)))
		return 0;
	err_set(err, E_USAGE, "there is no service \"%.80s\"", name);
	err_set_hint(err, "services are database, mlflow, jobs, and endpoint:APP for each that "
			  "`splice-manager endpoints` lists");
	return E_USAGE;
}

static int connect_running(struct manager_client **ret, struct err *err)
{
	int r = manager_client_open(MANAGER_KIND_CLI, /* cancel= */ NULL, ret, err);

	return r == E_NOTFOUND ? err_set(err, E_NOTFOUND, "splice-manager is not running") : r;
}

static void show_notice(void *userdata, const char *text)
{
	(void)userdata;
	fprintf(stderr, "%s\n", text);
}

/* The address without password and options. */
static void print_address(const char *name, const char *url)
{
	const char *scheme_end = strstr(url, "://");
	const char *at = strchr(url, '@');
	const char *host = at ? at : scheme_end ? scheme_end + 3 : url;
	const char *user = scheme_end ? scheme_end + 3 : url;

	printf("%-10s %.*s", name, (int)(user - url), url);
	if (at)
		printf("%.*s", (int)strcspn(user, ":@"), user);
	printf("%.*s\n", (int)strcspn(host, ";"), host);
}

static int start_service(struct manager_client *c, const char *name, struct err *err)
{
	struct manager_request q = {.op = MANAGER_ENSURE};
	json_auto_t *answer = NULL;
	int r;

	snprintf(q.service, sizeof(q.service), "%s", name);
	r = manager_client_call(c, &q, /* cancel= */ NULL, show_notice, NULL, &answer, err);
	if (r < 0)
		return r;
	print_address(name, json_get_str(answer, "url", ""));
	return 0;
}

static int start_services(char *const *names, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	int r = connect_running(&c, err);

	if (r == 0 && *names) {
		for (; r == 0 && *names; names++)
			r = start_service(c, *names, err);
		return r;
	}
	for (const struct service_def *const *d = services_all; r == 0 && *d; d++)
		if (!(*d)->on_demand)
			r = start_service(c, (*d)->name, err);
	return r;
}

static int run_start(char *const *words, struct err *err)
{
	bool manager_only = words[0] && str_eq(words[0], "manager") && !words[1];
	int r = 0;

	for (char *const *w = words; r == 0 && *w && !manager_only; w++)
		r = check_service(*w, err);
	if (r == 0)
		r = background_ensure(err);
	return r < 0 || manager_only ? r : start_services(words, err);
}

static int stop_one(struct manager_client *c, const char *name, struct err *err)
{
	struct manager_request q = {.op = MANAGER_STOP};

	snprintf(q.service, sizeof(q.service), "%s", name);
	return manager_client_call(c, &q, /* cancel= */ NULL, /* notice= */ NULL, NULL,
				   /* ret= */ NULL, err);
}

static int stop_all(struct manager_client *c, struct err *err)
{
	int r = stop_one(c, "", err);

	return r < 0 ? r : manager_client_wait_end(c, STOP_MS, err);
}

static int run_stop(char *const *words, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	int r = 0;

	for (char *const *w = words; r == 0 && *w; w++)
		r = check_service(*w, err);
	if (r == 0)
		r = connect_running(&c, err);
	if (r == E_NOTFOUND) { /* what is asked for is so */
		printf("%s\n", err->text);
		err_clear(err);
		return 0;
	}
	if (r == 0 && !*words)
		return stop_all(c, err);
	for (char *const *w = words; r == 0 && *w; w++)
		r = stop_one(c, *w, err);
	return r;
}

static int run_restart(char *const *words, struct err *err)
{
	int r = run_stop(words, err);

	return r < 0 ? r : run_start(words, err);
}

static int run_status(char *const *words, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_request q = {.op = MANAGER_STATUS};
	bool as_json = words[0] && str_eq(words[0], "--json") && !words[1];
	_cleanup_buf_ struct buf b = {0};
	json_auto_t *answer = NULL;
	int r;

	if (words[0] && !as_json)
		return err_set(err, E_USAGE, "status takes --json or nothing");
	r = connect_running(&c, err);
	if (r == 0)
		r = manager_client_call(c, &q, /* cancel= */ NULL, /* notice= */ NULL, NULL,
					&answer, err);
	if (r < 0)
		return r;
	buf_init(&b, MANAGER_REPLY_MAX);
	if (as_json) {
		_cleanup_free_ char *text = json_text(answer);

		buf_put_str(&b, text ? text : "");
		buf_put_u8(&b, '\n');
	} else {
		status_table(answer, &b);
	}
	r = buf_check(&b, "status", err);
	return r < 0 ? r : fs_write_all(1, b.data, b.len, err);
}

static int run_logs(char *const *words, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	const char *name = "manager";
	bool follow = false;
	int r;

	for (; *words; words++) {
		if (str_eq(*words, "-f")) {
			follow = true;
			continue;
		}
		if (!str_eq(*words, "manager") && !str_eq(*words, "derby")) {
			r = check_service(*words, err);
			if (r < 0)
				return r;
		}
		name = *words;
	}
	r = logfile_path(name, &path, err);
	return r < 0 ? r : logs_show(path, follow, err);
}

static int run_run(char *const *words, struct err *err)
{
	if (words[0])
		return err_set(err, E_USAGE, "run takes no words");
	return foreground_run(err);
}

const struct command commands_all[] = {
	{"start", "[SERVICE…]",
	 "start services (database and mlflow, without a name) and print their addresses; "
	 "`start manager` starts none",
	 run_start, EXIT_FAILED},
	{"stop", "[SERVICE…]", "stop services; without a name all of them and the manager",
	 run_stop, EXIT_FAILED},
	{"restart", "[SERVICE…]", "stop, read the settings again, start", run_restart, EXIT_FAILED},
	{"status", "[--json]", "what runs, where, since when, with how much memory", run_status,
	 EXIT_NOT_RUNNING},
	{"logs", "[SERVICE] [-f]", "the end of a log: manager, derby, or a service's; -f follows",
	 run_logs, EXIT_FAILED},
	{"run", "", "be the manager in the foreground, logging to standard error (for systemd)",
	 run_run, EXIT_FAILED},
	{"deploy", "--run RUN --app NAME [--mode create|replace|add] [--target local|sagemaker] …",
	 "serve a run's model behind a REST endpoint", run_deploy, EXIT_FAILED},
	{"doctor", "deploy --run RUN --app NAME …", "would that deployment work?", run_doctor,
	 EXIT_FAILED},
	{"endpoints", "", "the endpoints on this machine", run_endpoints, EXIT_FAILED},
	{"shift", "APP PERCENT [--variant NAME]",
	 "give the newest variant, or that named, a part of the requests", run_shift, EXIT_FAILED},
	{"undeploy", "APP", "end an endpoint and remove its files", run_undeploy, EXIT_FAILED},
	{"jobs", "[--port N]", "be the Jobs Tracker (the service jobs does this)", run_jobs,
	 EXIT_FAILED},
	{"work", "JOB", "work on a job of the Jobs Tracker (which does this itself)", run_work,
	 EXIT_FAILED},
	{NULL, NULL, NULL, NULL, 0},
};
