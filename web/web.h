/*
 * The Jobs Tracker's server: pages for people and an API for programs over
 * the job store (deploy/store.h) and the tracking server.  docs/JOBS.md has
 * the addresses and who may use them.
 *
 * It runs in threads of its own: one that accepts, one for each connection,
 * one that ends slow connections.  It runs no jobs: a job that was added is
 * in the store, and the owner is woken.  The program ignores SIGPIPE.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"

struct web;

struct web_options {
	const char *host;         /* address to listen on; NULL: 127.0.0.1 */
	int port;                 /* 0: a free one */
	const char *token;        /* who knows it may do everything; 16 characters or more */
	const char *const *names; /* further names of this host; NULL-terminated, may be NULL */
	const char *store_path;   /* of the job store */
	const char *cert, *key;   /* PEM files for https; both or neither */
	int header_ms, body_ms;   /* time for a request's headers, and its body; 0: 15 s, 30 s */
	const struct log *log;    /* borrowed until web_stop; may be NULL */

	/*
	 * Called from any thread, several at a time.  mlflow_uri: the tracking
	 * server's address, which it may have to start; the caller frees *ret,
	 * and cancel fires when the server ends.
	 * job_added (may be NULL): a job is pending, or is to be cancelled.
	 */
	int (*mlflow_uri)(void *userdata, struct cancel *cancel, char **ret, struct err *err);
	void (*job_added)(void *userdata);
	void *userdata;
};

/*
 * Listen and serve until web_stop.  Texts are copied.  E_EXISTS when the port
 * is taken, E_INPUT for a token that is too short, an address that is none,
 * or files that hold no certificate.
 */
int web_start(const struct web_options *options, struct web **ret, struct err *err) _must_check_;
int web_port(const struct web *w);
/* Ends requests under way and waits for all threads; takes NULL. */
void web_stop(struct web *w);
CLEANUP_DEFINE(struct web *, web_stop)

#endif
