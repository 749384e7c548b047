/*
 * What the files of this folder share: the server, one request, its reply,
 * and the functions that handlers are written with.
 */
#ifndef WEB_WEB_INT_H
#define WEB_WEB_INT_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/json.h"
#include "base/str.h"
#include "deploy/store.h"
#include "protocol/mlflow/mlflow.h"
#include "web/conns.h"
#include "web/html.h"
#include "web/params.h"
#include "web/route.h"
#include "web/session.h"
#include "web/web.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct web {
	char *host, *token, *store_path;
	struct strv names;
	char *cert_text, *key_text; /* PEM; NULL without https */
	struct MHD_Daemon *daemon;
	struct conns *conns;
	int port;
	const struct log *log;
	int (*mlflow_uri)(void *userdata, struct cancel *cancel, char **ret, struct err *err);
	void (*job_added)(void *userdata);
	void *userdata;
	struct cancel stop; /* fires when the server ends: every wait looks at it */
};

struct reply {
	int status;       /* 0: 200 */
	const char *type; /* NULL: text/html */
	struct buf body;
	char *location;    /* owned; of a 303 */
	char *cookie;      /* owned; Set-Cookie */
	const char *asset; /* body that lives for ever, instead of `body` */
	size_t asset_len;
	char allow[64]; /* of a 405 */
};

struct call {
	struct web *web;
	struct MHD_Connection *mhd;
	struct conn *conn;
	const char *method;
	char *path; /* decoded */
	const struct route *route;
	struct route_match match;
	struct params query, form;
	struct buf body; /* unless it is a form */
	struct MHD_PostProcessor *post;
	uint64_t received;
	struct err body_err; /* why the body cannot be used */
	bool answered;       /* the reply is made, and waits to be sent */
	bool bearer;         /* logged in by header */
	const char *cookie;  /* the session's, checked; NULL when there is none */
	const char *field;   /* of the form, that the error is about; NULL: none */
	bool upstream;       /* the error is another server's */
	struct store *store; /* opened when first asked for */
	struct mlflow *mlflow;
	struct reply reply;
};

/* --- serve.c: between the HTTP library and the handlers --- */
enum MHD_Result serve_request(void *web, struct MHD_Connection *mhd, const char *path,
			      const char *method, const char *version, const char *data,
			      size_t *n_data, void **state);
void serve_completed(void *web, struct MHD_Connection *mhd, void **state,
		     enum MHD_RequestTerminationCode why);

/* --- access.c --- */
/* Who asks, and whether they may: before the body is read.  1 when the answer is made already. */
int access_check(struct call *q, struct err *err) _must_check_;
/* After it: the form's secret. */
int access_check_form(struct call *q, struct err *err) _must_check_;
bool call_is_safe(const struct call *q);
bool call_logged_in(const struct call *q);
/* Make a session and put its cookie into the reply. */
int access_log_in(struct call *q, struct err *err) _must_check_;

/* --- call.c --- */
void call_free(struct call *q);
const char *call_header(const struct call *q, const char *name); /* or NULL */
bool call_is_json(const struct call *q);
/* The body as an object; an empty one is an empty object.  *ret is new. */
int call_json(struct call *q, json_t **ret, struct err *err) _must_check_;
/* Borrowed. */
int call_store(struct call *q, struct store **ret, struct err *err) _must_check_;
int call_mlflow(struct call *q, struct mlflow **ret, struct err *err) _must_check_;
/* The job that the path names; E_NOTFOUND with a text for people. */
int call_job(struct call *q, struct job *ret, struct err *err) _must_check_;
/* E_INPUT about one field of the form. */
int call_bad_field(struct call *q, const char *field, struct err *err, const char *fmt, ...)
	ERR_PRINTF(4, 5);
void web_wake(const struct web *w);
/* Wait until the store's version is not `since`, or `until` (clock_ms), or the server ends; *ret is
 * the version then. */
int web_wait_change(struct call *q, int64_t since, int64_t until, int64_t *ret,
		    struct err *err) _must_check_;

/* --- reply.c --- */
void reply_release(struct reply *r);
/* Takes j; NULL is out of memory. */
int reply_json(struct call *q, int status, json_t *j, struct err *err) _must_check_;
int reply_text(struct call *q, int status, const char *text, struct err *err) _must_check_;
/* 303 to an address of ours, or of MLflow. */
int reply_see_other(struct call *q, struct err *err, const char *fmt, ...)
	ERR_PRINTF(3, 4) _must_check_;
/* {"error": {"code", "message", "hint", "field"}}, new. */
json_t *error_json(const struct call *q, const struct err *e);
int error_status(const struct call *q, const struct err *e);
/* The error in the form that the route's clients expect. */
void reply_error(struct call *q, const struct err *e);
/* Queue what the reply holds. */
enum MHD_Result reply_send(struct call *q);

/* --- layout.c --- */
/* Between them stands the page's content; `here` is the address of its entry in the menu. */
void page_begin(struct call *q, const char *title, const char *here);
void page_end(struct call *q);
/* What an earlier request did, told on the page that it led to (?note=…). */
void page_note(struct call *q);
void page_error(struct call *q, const struct err *e);
/* The hidden field that every form needs. */
void page_csrf(struct call *q);
/* A form of one button: its action is a template as in html(). */
#define page_button(q, label, style, ...)                                                          \
	do {                                                                                       \
		struct buf *page_button_b_ = &(q)->reply.body;                                     \
		html(page_button_b_, "<form method=\"post\" class=\"inline\" action=\"");          \
		html(page_button_b_, __VA_ARGS__);                                                 \
		html(page_button_b_, "\">");                                                       \
		page_csrf(q);                                                                      \
		html(page_button_b_, "<button class=\"%s\">%s</button></form>", style, label);     \
	} while (0)
void page_login(struct call *q, const char *why);

/* --- job-json.c --- */
json_t *job_json(const struct job *j); /* new */
const char *step_state_name(enum step_state state);
json_t *steps_json(const struct job_steps *steps);
json_t *log_json(const struct job_log *log);

#endif
