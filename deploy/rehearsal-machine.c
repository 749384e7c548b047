/*
 * Checks of this machine: the contract that a model's container has to keep
 * (SageMaker's, which splice-manager's endpoints keep as well), port, disk.
 */
#include "deploy/rehearsal-int.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/endpoint.h"
#include "deploy/port.h"
#include "deploy/scorer.h"
#include "protocol/http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

enum {
	START_MS = 240000, /* ping must succeed within this */
	PING_MS = 2000,
	ACCEPT_MS = 250,
	ANSWER_MS = 60000,
	LOOK_MS = 20,
	TRIES = 10,
};

/* Beside the model: packed, placed, loaded; and room to go on working. */
static const int64_t spare_bytes = 200 * 1000 * 1000;

/* --- a scorer for the while --- */

struct trial {
	pid_t pid;
	int port;
	char url[64];
	bool ended; /* and was reaped */
	int status;
};

static int start_trial(const struct rehearsing *r, struct trial *t, struct err *err)
{
	_cleanup_free_ char *scorer = proc_sibling("splice-scorer");
	_cleanup_free_ char *model = NULL;
	char port[16];
	const char *argv[] = {scorer, "serve", "--model", NULL, "--port", port, NULL};
	struct proc_options options = {.argv = argv, .out_fd = -1, .die_with_parent = true};
	int result = scorer ? rehearsal_path(r, "model.json", &model, err) : err_nomem(err);

	if (result < 0)
		return result;
	if (!port_can_bind(0, &t->port))
		return err_set(err, E_IO, "no free port is to be had");
	argv[3] = model;
	snprintf(port, sizeof(port), "%d", t->port);
	snprintf(t->url, sizeof(t->url), "http://127.0.0.1:%d", t->port);
	return proc_spawn(&options, &t->pid, err);
}

static void end_trial(struct trial *t)
{
	if (t->pid <= 0)
		return;
	proc_kill_group(t->pid, SIGKILL);
	if (!t->ended)
		(void)waitpid(t->pid, &t->status, 0);
}

/* Its status, or an error of http_perform's. */
static int ping(const struct rehearsing *r, const struct trial *t, int *ret_status, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	_cleanup_http_response_ struct http_response res = {0};
	char url[96];
	struct http_request req = {.method = "GET",
				   .url = url,
				   .direct = true,
				   .total_ms = 2 * PING_MS,
				   .cancel = r->o->cancel};
	int result = http_client_new(/* options= */ NULL, &http, err);

	snprintf(url, sizeof(url), "%s/ping", t->url);
	if (result == 0)
		result = http_perform(http, &req, &res, err);
	if (result == 0)
		*ret_status = res.status;
	return result;
}

static int wait_ready(const struct rehearsing *r, struct trial *t, int64_t *ret_ms, struct err *err)
{
	int64_t start = clock_ms();
	int status = 0;

	while (clock_ms() - start < START_MS) {
		int result = ping(r, t, &status, err);

		if (result == 0 && status == 200) {
			*ret_ms = clock_ms() - start;
			return 0;
		}
		if (result == E_CANCEL || result == E_NOMEM)
			return result;
		err_clear(err);
		t->ended = t->ended || proc_ended(t->pid, &t->status);
		if (t->ended) {
			char how[80];

			proc_describe_status(how, sizeof(how), t->status);
			return err_set(err, E_SERVER, "splice-scorer %s while it started", how);
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
	return err_set(err, E_TIMEOUT, "splice-scorer does not answer within 4 minutes");
}

/* --- what is measured --- */

static int longest_ping(const struct rehearsing *r, const struct trial *t, int64_t *ret_ms,
			struct err *err)
{
	*ret_ms = 0;
	for (int i = 0; i < TRIES; i++) {
		int64_t start = clock_ms(), ms;
		int status, result = ping(r, t, &status, err);

		if (result < 0)
			return result;
		ms = clock_ms() - start;
		*ret_ms = ms > *ret_ms ? ms : *ret_ms;
	}
	return 0;
}

static int longest_accept(const struct trial *t, int64_t *ret_ms, struct err *err)
{
	*ret_ms = 0;
	for (int i = 0; i < TRIES; i++) {
		struct sockaddr_in addr;
		_cleanup_close_ int fd = port_loopback(t->port, &addr);
		int64_t start = clock_ms(), ms;

		if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
			return err_set_errno(err, E_IO, errno, "connecting to splice-scorer");
		ms = clock_ms() - start;
		*ret_ms = ms > *ret_ms ? ms : *ret_ms;
	}
	return 0;
}

static int answer(const struct rehearsing *r, const struct trial *t, int64_t *ret_ms,
		  struct err *err)
{
	_cleanup_free_ char *model = NULL;
	_cleanup_free_ char *sample = NULL;
	json_auto_t *body = NULL;
	json_auto_t *expected = NULL;
	int64_t start;
	int result = rehearsal_path(r, "model.json", &model, err);

	if (result == 0)
		result = rehearsal_path(r, "sample.json", &sample, err);
	if (result == 0)
		result = scorer_body(model, r->info.has_sample ? sample : NULL, &body, &expected,
				     err);
	start = clock_ms();
	if (result == 0)
		result = scorer_check(t->url, "default", body, expected, r->o->cancel, err);
	*ret_ms = clock_ms() - start;
	return result;
}

struct limit {
	const char *what;
	int64_t ms, max_ms;
};

static int judge(struct rehearsing *r, const struct limit *l, struct err *err)
{
	char took[32], max[32];

	clock_duration(took, sizeof(took), l->ms);
	clock_duration(max, sizeof(max), l->max_ms);
	if (l->ms > l->max_ms)
		return found(r, FINDING_FAILED, "a smaller model, or a faster machine", err,
			     "%s takes %s; %s are allowed", l->what, took, max);
	return found(r, FINDING_OK, "", err, "%s takes %s of %s", l->what, took, max);
}

static int measure(struct rehearsing *r, struct trial *t, struct err *why, struct err *err)
{
	struct limit limits[] = {
		{"starting", 0, START_MS},
		{"a ping", 0, PING_MS},
		{"accepting a connection", 0, ACCEPT_MS},
		{"answering the sample", 0, ANSWER_MS},
	};
	int result = start_trial(r, t, why);

	if (result == 0)
		result = wait_ready(r, t, &limits[0].ms, why);
	if (result == 0)
		result = longest_ping(r, t, &limits[1].ms, why);
	if (result == 0)
		result = longest_accept(t, &limits[2].ms, why);
	if (result == 0)
		result = answer(r, t, &limits[3].ms, why);
	for (size_t i = 0; result == 0 && i < ARRAY_LEN(limits); i++)
		result = judge(r, &limits[i], err);
	return result;
}

int rehearse_container(struct rehearsing *r, struct err *err)
{
	struct trial t = {0};
	struct err why = ERR_INIT;
	int result;

	if (!r->has_files)
		return 0;
	result = measure(r, &t, &why, err);
	end_trial(&t);
	return why.code ? found_error(r, FINDING_FAILED, &why, err) : result;
}

/* --- port and disk --- */

int rehearse_port(struct rehearsing *r, struct err *err)
{
	json_auto_t *now = NULL;
	struct err why = ERR_INIT;
	int port, got;

	if (endpoint_read(r->o->request->app, &now, /* err= */ NULL) == 0)
		return 0; /* it has one */
	if (endpoint_pick_port(r->o->port, &port, &why) < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	if (!port_can_bind(port, &got))
		return found(r, FINDING_WARNING,
			     "end what listens there, or change the setting endpoint.port", err,
			     "port %d is taken: the next free one will be used", port);
	return found(r, FINDING_OK, "", err, "port %d is free", port);
}

int rehearse_disk(struct rehearsing *r, struct err *err)
{
	_cleanup_free_ char *data = NULL;
	struct statvfs fs;
	int64_t free_bytes, needed = 3 * r->info.model_bytes + spare_bytes;
	int result = fs_place(PLACE_DATA, /* name= */ NULL, &data, err);

	if (result < 0)
		return result;
	if (statvfs(data, &fs) < 0)
		return found(r, FINDING_WARNING, "", err, "the free space of %s cannot be told",
			     data);
	free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (free_bytes < needed)
		return found(r, FINDING_FAILED, "make room, or set XDG_DATA_HOME to another disk",
			     err, "%lld MB are free at %s; %lld are needed",
			     (long long)(free_bytes / 1000000), data,
			     (long long)(needed / 1000000));
	return found(r, FINDING_OK, "", err, "%lld MB are free at %s",
		     (long long)(free_bytes / 1000000), data);
}
