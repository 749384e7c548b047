/*
 * Signals of the server: SIGTERM and SIGINT end it, SIGHUP has it read its
 * files again.  They are blocked in all threads and taken here by turn.
 */
#include "scorer/serve.h"

#include "base/clock.h"
#include "base/str.h"
#include "scorer/args.h"
#include "scorer/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define DEFAULT_MODEL "/opt/ml/model/model.json"

enum {
	DEFAULT_PORT = 8080,
	CONNECTIONS = 1024,
	REQUEST_SECONDS = 75, /* SageMaker gives up after 60 */
	DRAIN_MS = 25000,     /* SageMaker kills after 30 s */
	THREADS_MIN = 2,
	THREADS_MAX = 256,
};

struct serving {
	const char *model, *folder, *host, *log_level;
	int port; /* -1: not said */
	int threads;
	struct log log;
	struct metrics metrics;
};

/* --- what to serve --- */

static const char *env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

static int default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < THREADS_MIN ? THREADS_MIN : cores > THREADS_MAX ? THREADS_MAX : (int)cores;
}

/* Within a container the platform asks from outside; on a laptop nobody else should. */
static const char *default_host(const struct serving *s)
{
	bool container = !s->folder && str_starts(s->model, "/opt/ml/");

	return container ? "0.0.0.0" : "127.0.0.1";
}

static int read_words(struct serving *s, char *const *words, struct err *err)
{
	const char *port = NULL, *threads = NULL, *model = NULL;
	const struct arg args[] = {
		{"--model", &model},  {"--endpoint", &s->folder}, {"--port", &port},
		{"--host", &s->host}, {"--threads", &threads},    {"--log-level", &s->log_level},
		{NULL, NULL}};
	int r = args_parse(words, args, err);

	if (r < 0)
		return r;
	if (model && s->folder)
		return err_set(err, E_USAGE, "--model and --endpoint exclude each other");
	s->model = model ? model : env_or("SPLICE_SCORER_MODEL", DEFAULT_MODEL);
	s->host = s->host ? s->host : env_or("SPLICE_SCORER_HOST", default_host(s));
	if (!port && !s->folder)
		port = env_or("SPLICE_SCORER_PORT", NULL);
	s->port = -1;
	s->threads = default_threads();
	r = args_number("--port", port, 0, 65535, &s->port, err);
	if (r == 0)
		r = args_number("--threads", threads, 1, THREADS_MAX, &s->threads, err);
	if (r == 0 && log_parse_level(s->log_level, &s->log.level, err) < 0)
		r = err->code = E_USAGE; /* it was said on the command line */
	return r;
}

static int load(struct serving *s, struct endpoint **ret, struct err *err)
{
	return s->folder ? endpoint_of_folder(s->folder, &s->metrics, ret, err)
			 : endpoint_of_model(s->model, &s->metrics, ret, err);
}

/* --- signals --- */

static void block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void reload(struct serving *s, struct server *server)
{
	struct endpoint *e = NULL;
	struct err err = ERR_INIT;

	if (load(s, &e, &err) < 0) {
		atomic_fetch_add(&s->metrics.reloads_failed, 1);
		log_line(&s->log, LOG_ERROR, "reload", "%s; what was served before stays",
			 err.text);
		return;
	}
	log_line(&s->log, LOG_INFO, "reload", "%zu variant%s", e->n_variants,
		 e->n_variants == 1 ? "" : "s");
	server_swap(server, e);
	atomic_fetch_add(&s->metrics.reloads, 1);
}

static void wait_for_end(struct serving *s, struct server *server, const sigset_t *set)
{
	const struct timespec second = {.tv_sec = 1};

	for (;;) {
		int sig = sigtimedwait(set, NULL, &second);

		if (sig == SIGHUP)
			reload(s, server);
		else if (sig > 0)
			return;
		server_sweep(server);
	}
}

/* --- the command --- */

static int serve(struct serving *s, const sigset_t *set, struct err *err)
{
	_cleanup_(server_freep) struct server *server = NULL;
	struct server_options o = {
		.host = s->host,
		.threads = (unsigned)s->threads,
		.connections = CONNECTIONS,
		.request_seconds = REQUEST_SECONDS,
		.log = &s->log,
		.metrics = &s->metrics,
	};
	int64_t started = clock_us();
	int r = load(s, &o.endpoint, err);

	if (r < 0)
		return r;
	o.port = s->port >= 0 ? s->port : o.endpoint->port ? o.endpoint->port : DEFAULT_PORT;
	r = server_new(&o, &server, err);
	if (r < 0)
		return r;
	log_line(&s->log, LOG_INFO, "serve", "listening on %s port %d, ready after %.1f ms",
		 s->host, server_port(server), (double)(clock_us() - started) / 1000);
	wait_for_end(s, server, set);
	log_line(&s->log, LOG_INFO, "serve", "ending: finishing what runs");
	server_drain(server, DRAIN_MS);
	return 0;
}

int serve_run(char *const *words, struct err *err)
{
	struct serving s = {.log = {.fd = STDERR_FILENO, .level = LOG_INFO}, .log_level = "info"};
	sigset_t set;
	int r = read_words(&s, words, err);

	if (r < 0)
		return r;
	metrics_init(&s.metrics);
	block_signals(&set);
	r = serve(&s, &set, err);
	metrics_release(&s.metrics);
	if (r == 0)
		log_line(&s.log, LOG_INFO, "serve", "ended");
	return r;
}
