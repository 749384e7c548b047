/*
 * The Jobs Tracker's server over a new store, with MLflow's stand-in behind
 * it, and bytes sent to it as they are: what browsers and programs never
 * send has to be met too.
 */
#ifndef TESTS_SERVERS_WEB_FIXTURE_H
#define TESTS_SERVERS_WEB_FIXTURE_H

#include "base/buf.h"
#include "base/json.h"
#include "deploy/store.h"
#include "tests/servers/fake_mlflow.h"
#include "web/web.h"

#include <stdatomic.h>

#define WEB_TOKEN "0123456789abcdef-of-the-test"

struct web_fixture {
	struct web *web;
	struct fake_mlflow *mlflow;
	struct store *store;
	char *folder;        /* stands in for all XDG folders */
	atomic_int woken;    /* times the owner was */
	bool mlflow_missing; /* its address cannot be had */
	char run[40];        /* a run that the scorer serves */
};

/* Ends the program when something does not start. */
void web_fixture_start(struct web_fixture *f);
/* With options of the caller's, whose store, token and callbacks are set here. */
void web_fixture_start_with(struct web_fixture *f, struct web_options options);
void web_fixture_stop(struct web_fixture *f);
#define _web_fixture_ _cleanup_(web_fixture_stop)

/* A run with artifacts: {"splice/model.json": object, …}; stores its id. */
void web_fixture_run(struct web_fixture *f, const char *name, const json_t *artifacts,
		     char ret_id[40]);
/* A pending local deployment of the run; its number. */
int64_t web_fixture_job(struct web_fixture *f, const char *app);

struct web_answer {
	int status; /* 0: the connection was closed without an answer */
	char *head; /* status line and headers */
	char *body;
	json_t *json; /* the body, when it is JSON */
};
void web_answer_release(struct web_answer *a);
#define _web_answer_ _cleanup_(web_answer_release)

/* A connection to the server. */
int web_connect(const struct web_fixture *f);
/* Send bytes as they are and read until the server closes. */
struct web_answer web_send(const struct web_fixture *f, const char *bytes, size_t n);
/*
 * One request with Host, Connection: close and further header lines (each
 * ending in \r\n; may be ""); a body gets its length.
 */
struct web_answer web_ask(const struct web_fixture *f, const char *method, const char *target,
			  const char *headers, const char *body);
/* The same with the token as a program sends it. */
struct web_answer web_api(const struct web_fixture *f, const char *method, const char *target,
			  const char *body);

/* A browser that has logged in: its Cookie line, and the value that its forms carry. */
struct web_browser {
	char cookie[300]; /* "Cookie: …\r\n" */
	char csrf[80];
};
void web_log_in(const struct web_fixture *f, struct web_browser *ret);
/* A form of its page: fields without the csrf value, urlencoded. */
struct web_answer web_post(const struct web_fixture *f, const struct web_browser *b,
			   const char *target, const char *fields);
struct web_answer web_get(const struct web_fixture *f, const struct web_browser *b,
			  const char *target);

/* A member of an answer by path: "job.state"; "" when it is not there. */
const char *web_member(const struct web_answer *a, const char *path);

#endif
