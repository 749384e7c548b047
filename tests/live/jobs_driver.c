/*
 * The Jobs Tracker's server for test_jobs_page.py, and the worker that its
 * jobs have there: one JSON object a line in, one a line out.
 *
 *	jobs_driver STORE TOKEN MLFLOW [CERTIFICATE KEY]
 *
 * Prints {"port"}; then {"do": "claim" | "log" | "step" | "undo" | "title" |
 * "end", "id", …}.  It ends with its input.
 */
#include "deploy/store.h"
#include "web/web.h"

#include "base/json.h"
#include "base/str.h"

#include <signal.h>
#include <stdio.h>

struct driver {
	const char *mlflow;
	struct store *store;
};

static int mlflow_uri(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	const struct driver *d = userdata;

	(void)cancel;
	*ret = str_dup(d->mlflow);
	return *ret ? 0 : err_nomem(err);
}

static int end(struct driver *d, int64_t id, const json_t *q, struct err *err)
{
	int state = job_state_parse(json_get_str(q, "state", ""));
	struct err why = ERR_INIT;

	if (state < 0)
		return err_set(err, E_INPUT, "no such state");
	err_set(&why, E_SERVER, "%s", json_get_str(q, "error", ""));
	err_set_hint(&why, "%s", json_get_str(q, "hint", ""));
	return store_job_end(d->store, id, (enum job_state)state, *why.text ? &why : NULL,
			     json_object_get(q, "result"), err);
}

static int act(struct driver *d, const json_t *q, struct err *err)
{
	const char *what = json_get_str(q, "do", ""), *text = json_get_str(q, "text", "");
	int64_t id = json_get_int(q, "id", 0);
	json_auto_t *plan = json_object();
	int r;

	if (str_eq(what, "claim"))
		return store_job_claim(d->store, id, err);
	if (str_eq(what, "log"))
		return store_log_add(d->store, id, text, err);
	if (str_eq(what, "title"))
		return store_job_step(d->store, id, text, err);
	if (str_eq(what, "undo"))
		return store_step_set(d->store, id, text, STEP_UNDONE, NULL, err);
	if (str_eq(what, "end"))
		return end(d, id, q, err);
	if (!str_eq(what, "step"))
		return err_set(err, E_USAGE, "no such command: %s", what);
	r = store_step_begin(d->store, id, text, plan, err);
	return r < 0 || json_get_bool(q, "open", false)
		       ? r
		       : store_step_set(d->store, id, text, STEP_DONE, plan, err);
}

static void serve_commands(struct driver *d)
{
	char line[65536];

	while (fgets(line, sizeof(line), stdin)) {
		json_auto_t *q = json_loads(line, 0, NULL);
		struct err err = ERR_INIT;
		int r = q ? act(d, q, &err) : err_set(&err, E_INPUT, "not JSON");

		printf("{\"ok\": %s, \"text\": \"%s\"}\n", r < 0 ? "false" : "true", err.text);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	_cleanup_(web_stopp) struct web *web = NULL;
	struct driver d = {.mlflow = argc > 3 ? argv[3] : NULL};
	struct err err = ERR_INIT;
	const struct web_options options = {
		.token = argc > 2 ? argv[2] : NULL,
		.store_path = argc > 1 ? argv[1] : NULL,
		.cert = argc > 5 ? argv[4] : NULL,
		.key = argc > 5 ? argv[5] : NULL,
		.mlflow_uri = mlflow_uri,
		.userdata = &d,
	};

	if (argc < 4) {
		fprintf(stderr, "usage: jobs_driver STORE TOKEN MLFLOW [CERTIFICATE KEY]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (store_open(argv[1], &d.store, &err) < 0 || web_start(&options, &web, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("{\"port\": %d}\n", web_port(web));
	fflush(stdout);
	serve_commands(&d);
	store_close(d.store);
	return 0;
}
