/* Command lines of container engines. */
#include "deploy/engine.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/program.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
	LOOK_MS = 15000,
	SHORT_MS = 120000,
	BUILD_MS = 2 * 3600 * 1000, /* Spark's packages over a slow line */
	PUSH_MS = 2 * 3600 * 1000,
	WORDS_MAX = 64,
};

struct engine {
	const char *name;
	bool runs; /* publishes ports of containers; else they share this machine's network */
	const char *const *build_options, *const *push_options;
	const char *insecure;           /* for a registry without TLS; NULL: it finds out */
	const char *login, *login_file; /* environment: where it keeps what `login` was told */
};

/* SageMaker refuses the OCI's types of manifests and lists of them. */
static const char *const docker_format[] = {"--format", "docker", NULL};
static const char *const v2s2_format[] = {"--format", "v2s2", NULL};
static const char *const nothing[] = {NULL};

static const struct engine engines[] = {
	{"docker", true, nothing, nothing, NULL, "DOCKER_CONFIG", ""},
	{"podman", true, docker_format, v2s2_format, "--tls-verify=false", "REGISTRY_AUTH_FILE",
	 "/auth.json"},
	{"buildah", false, docker_format, v2s2_format, "--tls-verify=false", "REGISTRY_AUTH_FILE",
	 "/auth.json"},
};

const char *engine_name(const struct engine *e)
{
	return e->name;
}

/* --- running one ------------------------------------------------------------------------- */

struct words {
	const char *items[WORDS_MAX + 1];
	size_t len;
	bool full; /* there were more */
};

static void add(struct words *w, const char *word)
{
	w->full |= w->len == WORDS_MAX;
	if (!w->full)
		w->items[w->len++] = word;
	w->items[w->len] = NULL;
}

static void add_all(struct words *w, const char *const *words)
{
	while (*words)
		add(w, *words++);
}

static void command(struct words *w, const struct engine *e, const char *verb)
{
	*w = (struct words){0};
	add(w, e->name);
	add(w, verb);
}

/* The last line says why, in all three. */
struct listener {
	const struct engine_call *call;
	bool quiet;
	char last[400];
};

static void listen_to(void *userdata, const char *text)
{
	struct listener *l = userdata;

	snprintf(l->last, sizeof(l->last), "%s", text);
	if (!l->quiet && l->call->said)
		l->call->said(l->call->userdata, text);
}

/* How a command is run. */
struct manner {
	int timeout_ms;
	const char *input;
	bool quiet; /* what it prints is of no use to anybody */
	bool login; /* it works with the logins in the call's folder, else with the user's own */
};

/* E_SERVER with its last line when it ends otherwise than well. */
static int run(const struct engine_call *c, const struct words *w, const struct manner *how,
	       struct err *err)
{
	const struct engine *e = c->engine;
	struct listener l = {.call = c, .quiet = how->quiet};
	_cleanup_free_ char *login = str_fmt("%s=%s%s", e->login, c->folder, e->login_file);
	const char *const env[] = {"BUILDX_NO_DEFAULT_ATTESTATIONS=1", how->login ? login : NULL,
				   NULL};
	struct program p = {.argv = w->items,
			    .env = env,
			    .input = how->input,
			    .timeout_ms = how->timeout_ms,
			    .line = listen_to,
			    .userdata = &l};
	_cleanup_buf_ struct buf none;
	int status = 0, r;

	buf_init(&none, 1);
	if (!login)
		return err_nomem(err);
	if (w->full)
		return err_set(err, E_TOOBIG, "setting container.options: more than %d words",
			       WORDS_MAX - 8);
	r = program_run(&p, c->cancel, &none, &status, err);
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return r;
	return err_set(err, E_SERVER, "%s %s failed: %s", w->items[0], w->items[1],
		       l.last[0] ? l.last : "it does not say why");
}

/* --- finding ----------------------------------------------------------------------------- */

/* docker asks its daemon for this; the others work without one. */
static int works(const struct engine *e, struct cancel *cancel, struct err *err)
{
	struct engine_call c = {.engine = e, .folder = "", .cancel = cancel};
	struct manner how = {.timeout_ms = LOOK_MS, .quiet = true};
	struct words w;

	command(&w, e, "version");
	return run(&c, &w, &how, err);
}

static int find_named(const char *name, struct cancel *cancel, const struct engine **ret,
		      struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (str_eq(engines[i].name, name)) {
			*ret = &engines[i];
			return works(*ret, cancel, err);
		}
	err_set(err, E_INPUT, "setting container.engine: \"%.40s\" is none", name);
	err_set_hint(err, "it is docker, podman or buildah");
	return E_INPUT;
}

int engine_find(const char *name, struct cancel *cancel, const struct engine **ret, struct err *err)
{
	struct err why = ERR_INIT, first = ERR_INIT;

	if (name && *name)
		return find_named(name, cancel, ret, err);
	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		int r = works(&engines[i], cancel, &why);

		if (r == 0) {
			*ret = &engines[i];
			return 0;
		}
		if (r == E_CANCEL || r == E_NOMEM)
			return err_copy(err, &why);
		/* One that is there and does not work says more than one that is not. */
		if (r != E_NOTFOUND && !first.code)
			first = why;
		err_clear(&why);
	}
	err_set(err, E_NOTFOUND, "no container engine works here%s%s", first.code ? ": " : "",
		first.text);
	err_set_hint(err, "install docker, podman or buildah (on Debian: apt install buildah)");
	return E_NOTFOUND;
}

/* --- images ------------------------------------------------------------------------------ */

/* Takes the text apart; the words point into it. */
static void add_options(struct words *w, char *text)
{
	char *save = NULL;

	for (char *word = text ? strtok_r(text, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save))
		add(w, word);
}

int engine_build(const struct engine_call *c, const char *context, const char *image,
		 const char *options, struct err *err)
{
	_cleanup_free_ char *more = options ? str_dup(options) : NULL;
	struct manner how = {.timeout_ms = BUILD_MS};
	struct words w;

	if (options && !more)
		return err_nomem(err);
	command(&w, c->engine, "build");
	add_all(&w, c->engine->build_options);
	add_options(&w, more);
	add(&w, "--tag");
	add(&w, image);
	add(&w, context);
	return run(c, &w, &how, err);
}

static int run_words(const struct engine_call *c, const struct manner *how, struct err *err,
		     const char *verb, const char *a, const char *b)
{
	struct words w;

	command(&w, c->engine, verb);
	add(&w, a);
	if (b)
		add(&w, b);
	return run(c, &w, how, err);
}

static bool has_tls(const char *url)
{
	return !str_starts(url, "http://");
}

/* "host:port" of "https://host:port/". */
static char *host_of(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return str_ndup(host, strcspn(host, "/"));
}

static int login(const struct engine_call *c, const struct engine_registry *registry,
		 struct err *err)
{
	_cleanup_free_ char *host = host_of(registry->url);
	struct manner how = {.timeout_ms = SHORT_MS,
			     .input = registry->password,
			     .quiet = true,
			     .login = true};
	struct words w;

	if (!host)
		return err_nomem(err);
	command(&w, c->engine, "login");
	if (!has_tls(registry->url) && c->engine->insecure)
		add(&w, c->engine->insecure);
	add(&w, "--username");
	add(&w, registry->user);
	add(&w, "--password-stdin");
	add(&w, host);
	return run(c, &w, &how, err);
}

static int push(const struct engine_call *c, const char *as, const struct engine_registry *registry,
		struct err *err)
{
	struct manner how = {.timeout_ms = PUSH_MS, .login = true};
	struct words w;

	command(&w, c->engine, "push");
	add_all(&w, c->engine->push_options);
	if (!has_tls(registry->url) && c->engine->insecure)
		add(&w, c->engine->insecure);
	add(&w, as);
	return run(c, &w, &how, err);
}

static int remove_image(const struct engine_call *c, const char *image, struct err *err)
{
	struct manner how = {.timeout_ms = SHORT_MS, .quiet = true};
	struct words w;

	command(&w, c->engine, "inspect");
	add(&w, "--type");
	add(&w, "image");
	add(&w, image);
	if (run(c, &w, &how, /* err= */ NULL) == E_SERVER)
		return 0;
	return run_words(c, &how, err, "rmi", image, NULL);
}

int engine_push(const struct engine_call *c, const char *image, const char *as,
		const struct engine_registry *registry, struct err *err)
{
	struct manner how = {.timeout_ms = SHORT_MS, .quiet = true};
	int r = run_words(c, &how, err, "tag", image, as);

	if (r == 0 && registry->user)
		r = login(c, registry, err);
	if (r == 0)
		r = push(c, as, registry, err);
	/* The name was for the push alone, whether it came through or not. */
	(void)remove_image(c, as, /* err= */ NULL);
	return r;
}

int engine_remove(const struct engine_call *c, const char *image, struct err *err)
{
	return remove_image(c, image, err);
}

/* --- containers -------------------------------------------------------------------------- */

/* Without networks of its own: the port is told to what runs within. */
static int start_shared(const struct engine_call *c, const char *image, const char *name, int port,
			struct words *w, char publish[64], struct err *err)
{
	struct manner how = {.timeout_ms = SHORT_MS, .quiet = true};
	struct words from;

	command(&from, c->engine, "from");
	add(&from, "--name");
	add(&from, name);
	add(&from, image);
	snprintf(publish, 64, "SPLICE_PORT=%d", port);
	command(w, c->engine, "run");
	add(w, "--env");
	add(w, publish);
	add(w, name);
	add(w, "/opt/splice/serve");
	return run(c, &from, &how, err);
}

static void start_published(const struct engine_call *c, const char *image, const char *name,
			    int port, struct words *w, char publish[64])
{
	snprintf(publish, 64, "127.0.0.1:%d:8080", port);
	command(w, c->engine, "run");
	add(w, "--rm");
	add(w, "--name");
	add(w, name);
	add(w, "--publish");
	add(w, publish);
	add(w, image);
	add(w, "serve");
}

int engine_start(const struct engine_call *c, const char *image, const char *name, int port,
		 int output_fd, pid_t *ret, struct err *err)
{
	struct words w;
	char publish[64];
	int r = 0;

	if (c->engine->runs)
		start_published(c, image, name, port, &w, publish);
	else
		r = start_shared(c, image, name, port, &w, publish, err);
	if (r < 0)
		return r;
	struct proc_options options = {.argv = w.items,
				       .out_fd = output_fd,
				       .die_with_parent = true};

	return proc_spawn(&options, ret, err);
}

void engine_stop(const struct engine_call *c, const char *name, pid_t pid)
{
	struct engine_call uncancelled = {.engine = c->engine, .folder = c->folder};
	struct manner how = {.timeout_ms = SHORT_MS, .quiet = true};
	int status;

	if (c->engine->runs)
		(void)run_words(&uncancelled, &how, /* err= */ NULL, "rm", "--force", name);
	if (pid > 0) {
		proc_kill_group(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	if (!c->engine->runs)
		(void)run_words(&uncancelled, &how, /* err= */ NULL, "rm", name, NULL);
}
