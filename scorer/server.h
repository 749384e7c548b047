/*
 * The HTTP server: libmicrohttpd with a pool of threads, each of which reads
 * requests, scores them and writes the answers of its own connections.
 * docs/SCORER.md has the contract.
 *
 * The functions here belong to one thread, that of the signals.
 */
#ifndef SCORER_SERVER_H
#define SCORER_SERVER_H

#include "base/log.h"
#include "scorer/endpoint.h"

struct server;

struct server_options {
	const char *host; /* an IPv4 or IPv6 address */
	int port;         /* 0 for any free one */
	unsigned threads;
	unsigned connections;      /* at most at the same time */
	unsigned request_seconds;  /* a connection without a whole request for so long is cut */
	const struct log *log;     /* borrowed */
	struct metrics *metrics;   /* borrowed */
	struct endpoint *endpoint; /* taken */
};

/* Listens and serves when it returns. */
int server_new(const struct server_options *options, struct server **ret,
	       struct err *err) _must_check_;
int server_port(const struct server *s);
/* Serve another endpoint from the next request on.  Takes e. */
void server_swap(struct server *s, struct endpoint *e);
/* Cut the connections that are too slow; to be called about once a second. */
void server_sweep(struct server *s);
/* Accept no more, and finish what runs: until it is done or max_ms are over. */
void server_drain(struct server *s, int max_ms);
/* Closes what is still open. */
void server_free(struct server *s);
CLEANUP_DEFINE(struct server *, server_free)

#endif
