/* The server under test, and its raw clients. */
#include "tests/servers/web_fixture.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/mlflow/mlflow.h"
#include "tests/harness.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int tracking_uri(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	struct web_fixture *f = userdata;

	(void)cancel;
	if (f->mlflow_missing)
		return err_set(err, E_IO, "MLflow does not start");
	*ret = str_dup(fake_mlflow_url(f->mlflow));
	return *ret ? 0 : err_nomem(err);
}

static void job_added(void *userdata)
{
	struct web_fixture *f = userdata;

	atomic_fetch_add(&f->woken, 1);
}

static void fail(const char *what)
{
	fprintf(stderr, "web_fixture: %s\n", what);
	abort();
}

void web_fixture_start_with(struct web_fixture *f, struct web_options options)
{
	_cleanup_free_ char *path = NULL;
	json_auto_t *artifacts =
		json_pack("{s:{}, s:{}, s:{s:[{s:s, s:s}], s:[[f]]}}", "spark_model/MLmodel",
			  "splice/model.json", "splice/sample.json", "columns", "name", "V1",
			  "type", "double", "rows", 1.5);
	struct err err = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	*f = (struct web_fixture){.folder = str_dup(test_dir())};
	(void)setenv("XDG_DATA_HOME", f->folder, 1);
	(void)setenv("XDG_STATE_HOME", f->folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", f->folder, 1); /* no manager there */
	f->mlflow = fake_mlflow_start();
	path = str_fmt("%s/jobs.db", f->folder);
	if (store_open(path, &f->store, &err) < 0)
		fail(err.text);
	options.token = WEB_TOKEN;
	options.store_path = path;
	options.mlflow_uri = tracking_uri;
	options.job_added = job_added;
	options.userdata = f;
	if (web_start(&options, &f->web, &err) < 0)
		fail(err.text);
	web_fixture_run(f, "good", artifacts, f->run);
}

void web_fixture_start(struct web_fixture *f)
{
	web_fixture_start_with(f, (struct web_options){0});
}

void web_fixture_stop(struct web_fixture *f)
{
	web_stop(f->web);
	store_close(f->store);
	fake_mlflow_stop(f->mlflow);
	free(f->folder);
}

/* --- MLflow's content --- */

struct bytes {
	const char *p;
	size_t n, at;
};

static int read_bytes(void *userdata, void *dst, size_t n, size_t *ret, struct err *err)
{
	struct bytes *b = userdata;

	(void)err;
	*ret = n < b->n - b->at ? n : b->n - b->at;
	memcpy(dst, b->p + b->at, *ret);
	b->at += *ret;
	return 0;
}

static void put_artifacts(struct mlflow *m, const struct mlflow_run *run, const json_t *artifacts)
{
	const char *path;
	json_t *content;
	struct err err = ERR_INIT;

	json_object_foreach ((json_t *)artifacts, path, content) {
		_cleanup_free_ char *text = json_text(content);
		struct bytes b = {.p = text, .n = strlen(text)};
		struct http_source source = {.read = read_bytes, .userdata = &b, .size = b.n};

		if (mlflow_artifact_put(m, run->artifact_uri, path, &source, NULL, &err) < 0)
			fail(err.text);
	}
}

void web_fixture_run(struct web_fixture *f, const char *name, const json_t *artifacts,
		     char ret_id[40])
{
	_cleanup_(mlflow_freep) struct mlflow *m = NULL;
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	json_auto_t *tags = json_object();
	struct mlflow_run_new made = {.experiment_id = "0", .name = name, .tags = tags};
	struct err err = ERR_INIT;

	if (mlflow_new(fake_mlflow_url(f->mlflow), &m, &err) < 0 ||
	    mlflow_run_create(m, &made, NULL, &run, &err) < 0)
		fail(err.text);
	put_artifacts(m, &run, artifacts);
	(void)snprintf(ret_id, 40, "%s", run.id);
}

int64_t web_fixture_job(struct web_fixture *f, const char *app)
{
	json_auto_t *request =
		json_pack("{s:s, s:s, s:s}", "run_id", f->run, "app_name", app, "target", "local");
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = "",
			      .app = app,
			      .user = "anna",
			      .request = request};
	struct err err = ERR_INIT;
	int64_t id = 0;

	if (store_job_add(f->store, &job, &id, &err) < 0)
		fail(err.text);
	return id;
}

/* --- raw clients --- */

void web_answer_release(struct web_answer *a)
{
	free(a->head);
	free(a->body);
	json_decref(a->json);
	*a = (struct web_answer){0};
}

int web_connect(const struct web_fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)web_port(f->web))};
	struct timeval limit = {.tv_sec = 60};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		fail("no connection");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void split(struct web_answer *a, char *text)
{
	char *end = strstr(text, "\r\n\r\n");

	if (!end || !str_starts(text, "HTTP/1.1 "))
		return;
	a->head = str_ndup(text, (size_t)(end - text) + 2);
	a->body = str_dup(end + 4);
	a->status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
	a->json = json_loads(a->body, 0, NULL);
}

struct web_answer web_send(const struct web_fixture *f, const char *bytes, size_t n)
{
	_cleanup_close_ int fd = web_connect(f);
	_cleanup_buf_ struct buf in;
	_cleanup_free_ char *text = NULL;
	struct web_answer a = {0};
	char chunk[65536];
	ssize_t got;

	buf_init(&in, MIB(64));
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent <= 0)
			break; /* refused early: the answer may be there */
		bytes += sent;
		n -= (size_t)sent;
	}
	while ((got = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_put(&in, chunk, (size_t)got);
	text = buf_take_str(&in);
	if (text)
		split(&a, text);
	return a;
}

struct web_answer web_ask(const struct web_fixture *f, const char *method, const char *target,
			  const char *headers, const char *body)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(16));
	buf_printf(&b, "%s %s HTTP/1.1\r\nConnection: close\r\n", method, target);
	if (!str_find_ci(headers, "Host:"))
		buf_printf(&b, "Host: 127.0.0.1:%d\r\n", web_port(f->web));
	if (body)
		buf_printf(&b, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&b, "%s\r\n", headers);
	buf_put_str(&b, body ? body : "");
	return web_send(f, (const char *)b.data, b.len);
}

struct web_answer web_api(const struct web_fixture *f, const char *method, const char *target,
			  const char *body)
{
	return web_ask(f, method, target,
		       "Authorization: Bearer " WEB_TOKEN "\r\nContent-Type: application/json\r\n",
		       body);
}

/* What stands in text between two marks. */
static void between(const char *text, const char *start, const char *end, char *dst, size_t size)
{
	const char *at = text ? strstr(text, start) : NULL;

	if (!at)
		fail(start);
	at += strlen(start);
	(void)snprintf(dst, size, "%.*s", (int)(strstr(at, end) - at), at);
}

void web_log_in(const struct web_fixture *f, struct web_browser *ret)
{
	_web_answer_ struct web_answer in = web_ask(f, "GET", "/?token=" WEB_TOKEN, "", NULL);
	_web_answer_ struct web_answer page = {0};
	char value[200];

	between(in.head, "Set-Cookie: ", ";", value, sizeof(value));
	(void)snprintf(ret->cookie, sizeof(ret->cookie), "Cookie: %s\r\n", value);
	page = web_ask(f, "GET", "/about", ret->cookie, NULL);
	between(page.body, "name=\"csrf\" value=\"", "\"", ret->csrf, sizeof(ret->csrf));
}

struct web_answer web_get(const struct web_fixture *f, const struct web_browser *b,
			  const char *target)
{
	return web_ask(f, "GET", target, b->cookie, NULL);
}

struct web_answer web_post(const struct web_fixture *f, const struct web_browser *b,
			   const char *target, const char *fields)
{
	_cleanup_free_ char *body = str_fmt("csrf=%s&%s", b->csrf, fields);
	_cleanup_free_ char *headers =
		str_fmt("%sContent-Type: application/x-www-form-urlencoded\r\n"
			"Origin: http://127.0.0.1:%d\r\nSec-Fetch-Site: same-origin\r\n",
			b->cookie, web_port(f->web));

	return web_ask(f, "POST", target, headers, body);
}

const char *web_member(const struct web_answer *a, const char *path)
{
	json_t *at = a->json;

	for (;;) {
		size_t n = strcspn(path, ".");
		_cleanup_free_ char *name = str_ndup(path, n);

		if (!path[n])
			return json_get_str(at, name, "");
		at = json_object_get(at, name);
		path += n + 1;
	}
}
