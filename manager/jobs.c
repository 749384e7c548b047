/* The Jobs Tracker's process, and its entry in the table of services. */
#include "manager/jobs.h"

#include "base/config.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "deploy/store.h"
#include "deploy/supervisor.h"
#include "manager/def.h"
#include "manager/probe.h"
#include "manager/queue.h"
#include "web/web.h"

#include <errno.h>
#include <sys/random.h>

/* --- the token --- */

enum { TOKEN_BYTES = 24 };

static int make_token(const char *path, struct err *err)
{
	uint8_t bytes[TOKEN_BYTES];
	char text[2 * TOKEN_BYTES + 1];
	int r;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_set_errno(err, E_IO, errno, "getrandom");
	str_hex(text, bytes, sizeof(bytes));
	r = fs_write_atomic(path, text, strlen(text), 0600, err);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return r;
}

static int read_token(const char *path, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	_cleanup_secret_ char *text = NULL;
	int r;

	buf_init(&b, KIB(1));
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	text = buf_take_str(&b);
	if (!text)
		return err_nomem(err);
	if (strlen(text) != 2 * TOKEN_BYTES) {
		err_set(err, E_INPUT, "%s does not hold a token", path);
		err_set_hint(err, "remove it: another is made");
		return E_INPUT;
	}
	*ret = TAKE(text);
	return 0;
}

int jobs_token(char **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *path = NULL;
	int r = fs_place(PLACE_DATA, "jobs", &folder, err);

	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	if (r < 0)
		return r;
	path = str_fmt("%s/token", folder);
	if (!path)
		return err_nomem(err);
	r = read_token(path, ret, err);
	if (r != E_NOTFOUND)
		return r;
	err_clear(err);
	r = make_token(path, err);
	return r < 0 ? r : read_token(path, ret, err);
}

/* --- the entry --- */

static int prepare(struct service_site *site, struct err *err)
{
	return jobs_token(&site->secret, err);
}

static int command(const struct service_site *site, struct strv *argv, struct strv *env,
		   struct err *err)
{
	int r = strv_take(argv, proc_sibling("splice-manager"), err);

	(void)env;
	if (r == 0)
		r = strv_add(argv, "jobs", err);
	if (r == 0)
		r = strv_add(argv, "--port", err);
	return r < 0 ? r : strv_take(argv, str_fmt("%d", site->port), err);
}

static void ask(const struct service_site *site, struct buf *b)
{
	buf_printf(b, "GET / HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n", site->port);
}

/* It answers that it does not know us. */
static bool answers(const uint8_t *reply, size_t n)
{
	return probe_is_http(reply, n, /* status= */ 0);
}

static char *url(const struct service_site *site)
{
	return str_fmt("http://127.0.0.1:%d/?token=%s", site->port, site->secret);
}

const struct service_def jobs_def = {
	.name = "jobs",
	.title = "the Jobs Tracker",
	.port_setting = "jobs.port",
	.page = true,
	.advice = "`splice-manager logs jobs` shows more",
	.start_ms = 30000,
	.stop_ms = 8000,
	.on_demand = true,
	.prepare = prepare,
	.command = command,
	.ask = ask,
	.answers = answers,
	.url = url,
};

/* --- the process --- */

bool jobs_waiting(void)
{
	static const enum job_state states[] = {JOB_PENDING, JOB_RUNNING};
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_free_ char *path = NULL;
	bool waiting = false;

	if (store_default_path(&path, /* err= */ NULL) < 0 || !fs_exists(path) ||
	    store_open(path, &store, /* err= */ NULL) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		_cleanup_jobs_ struct jobs list = {0};
		struct jobs_query q = {.state = (int)states[i], .max = 1};

		waiting |= store_jobs(store, &q, &list, /* err= */ NULL) == 0 && list.len;
	}
	return waiting;
}

static int read_workers(const struct config *config, int *ret, struct err *err)
{
	int64_t n;
	int r = config_get_i64(config, "jobs.workers", &n, err);

	if (r < 0)
		return r;
	if (n < 1 || n > QUEUE_WORKERS_MAX)
		return err_set(err, E_INPUT, "setting jobs.workers: %lld is not from 1 to %d",
			       (long long)n, QUEUE_WORKERS_MAX);
	*ret = (int)n;
	return 0;
}

/* --- its pages --- */

static int tracking_uri(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	(void)userdata;
	return supervisor_tracking_uri(cancel, /* notice= */ NULL, NULL, ret, err);
}

static void job_added(void *userdata)
{
	queue_wake(userdata);
}

/* The names of a setting, divided by blanks. */
static int read_names(const char *text, struct strv *ret, struct err *err)
{
	int r = 0;

	while (text && *(text += strspn(text, " ")) && r == 0) {
		size_t n = strcspn(text, " ");

		r = strv_take(ret, str_ndup(text, n), err);
		text += n;
	}
	return r;
}

/* For other machines: with a certificate, and at a port of its own, so that this machine's address
 * stays what it is. */
static int serve_https(const struct config *config, struct web_options options, struct web **ret,
		       struct err *err)
{
	_cleanup_strv_ struct strv names = {0};
	int64_t port;
	int r;

	options.cert = config_get(config, "jobs.cert");
	options.key = config_get(config, "jobs.key");
	if (!options.cert && !options.key)
		return 0;
	options.host = config_get(config, "jobs.https_host");
	r = config_get_i64(config, "jobs.https_port", &port, err);
	if (r == 0)
		r = read_names(config_get(config, "jobs.names"), &names, err);
	if (r < 0)
		return r;
	options.port = port < 0 || port > UINT16_MAX ? -1 : (int)port;
	options.names = (const char *const *)names.items;
	r = web_start(&options, ret, err);
	if (r < 0)
		return err_prefix(err, "https");
	log_line(options.log, LOG_INFO, "jobs", "https at port %d", web_port(*ret));
	return 0;
}

/* While jobs are done, an open link keeps the manager from going idle. */
static void hold_manager(const struct queue *q, struct manager_client **link)
{
	if (*link && (!queue_busy(q) || !manager_client_alive(*link))) {
		manager_client_free(*link);
		*link = NULL;
	}
	if (!*link && queue_busy(q) &&
	    manager_client_open(MANAGER_KIND_JOBS, /* cancel= */ NULL, link, /* err= */ NULL) < 0)
		*link = NULL; /* run by hand, without one */
}

static int serve(struct queue *q, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *link = NULL;
	int r = 0;

	while (r == 0 && !queue_ended(q)) {
		r = queue_step(q, /* max_ms= */ 1000, err);
		hold_manager(q, &link);
	}
	return r;
}

int jobs_run(int port, struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *program = proc_sibling("splice-manager");
	_cleanup_secret_ char *token = NULL;
	_cleanup_(queue_freep) struct queue *q = NULL;
	_cleanup_(web_stopp) struct web *pages = NULL, *https = NULL;
	const struct log log = {.fd = 2, .level = LOG_INFO};
	struct queue_options options = {.program = program, .log = &log};
	struct web_options web = {.port = port,
				  .log = &log,
				  .mlflow_uri = tracking_uri,
				  .job_added = job_added};
	int r = program ? store_default_path(&path, err) : err_nomem(err);

	if (r == 0)
		r = jobs_token(&token, err);
	if (r == 0)
		r = config_load(&config, err);
	if (r == 0)
		r = read_workers(config, &options.workers, err);
	options.store_path = web.store_path = path;
	if (r == 0)
		r = queue_new(&options, &q, err);
	web.token = token;
	web.userdata = q;
	if (r == 0)
		r = web_start(&web, &pages, err);
	if (r == 0)
		r = serve_https(config, web, &https, err);
	return r < 0 ? r : serve(q, err);
}
