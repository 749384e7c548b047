/* The Python child: its process and its sockets. */
#include "kernel/child-int.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { PROBE_EVERY_MS = 100, STOP_MS = 500, LOG_TAIL = 1500 };

int child_new(struct kernel *k, struct child **ret, struct err *err)
{
	struct child *c = calloc(1, sizeof(*c));
	_cleanup_free_ char *name = str_fmt("k%d", (int)getpid());
	int r;

	(void)k;
	if (!c || !name) {
		free(c);
		return err_nomem(err);
	}
	r = fs_place(PLACE_RUNTIME, name, &c->dir, err);
	if (r == 0)
		r = fs_mkdir_p(c->dir, 0700, err);
	if (r == 0 && !(c->log_path = str_fmt("%s/python.log", c->dir)))
		r = err_nomem(err);
	if (r < 0) {
		free(c->dir);
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void close_sockets(struct child *c)
{
	void **sockets[] = {&c->shell, &c->control, &c->stdin_, &c->iopub};

	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		if (*sockets[i])
			zmq_close(*sockets[i]);
		*sockets[i] = NULL;
	}
	jupyter_signer_free(c->signer);
	c->signer = NULL;
}

static void release_start(struct child *c)
{
	json_decref(TAKE(c->files));
	jupyter_connection_release(&c->connection);
}

/* There is a process, and there are sockets. */
static bool is_alive(const struct child *c)
{
	return c->state == CHILD_STARTING || c->state == CHILD_READY;
}

void child_stop(struct child *c)
{
	const struct timespec step = {.tv_nsec = 10 * 1000 * 1000};
	int64_t deadline = clock_ms() + STOP_MS;
	int status;

	if (!c || !is_alive(c))
		return;
	(void)kill(c->pid, SIGTERM);
	while (!proc_ended(c->pid, &status) && clock_ms() < deadline)
		nanosleep(&step, NULL);
	/* The group takes the JVM along, also when Python is gone already. */
	proc_kill_group(c->pid, SIGKILL);
	(void)waitpid(c->pid, &status, 0);
	c->state = CHILD_NONE;
}

static void remove_folder(const char *dir)
{
	static const char *const names[] = {"python.log", "child.json", "connection.json",
					    "b",          "c-1",        "c-2",
					    "c-3",        "c-4",        "c-5"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_free_ char *path = str_fmt("%s/%s", dir, names[i]);

		if (path)
			(void)unlink(path);
	}
	(void)rmdir(dir);
}

void child_free(struct child *c)
{
	if (!c)
		return;
	child_stop(c);
	close_sockets(c);
	release_start(c);
	while (c->relays) {
		struct relay *r = c->relays;

		c->relays = r->next;
		request_unref(r->q);
		json_decref(r->reply);
		free(r);
	}
	remove_folder(c->dir);
	free(c->dir);
	free(c->log_path);
	free(c);
}

/* --- start ------------------------------------------------------------------------------- */

static int open_socket(struct kernel *k, void **socket, int type, const char *identity,
		       const struct jupyter_connection *conn, enum jupyter_channel channel,
		       struct err *err)
{
	_cleanup_free_ char *endpoint = jupyter_connection_endpoint(conn, channel);
	int zero = 0, interval = 20;

	*socket = zmq_socket(k->zmq, type);
	if (!endpoint || !*socket)
		return err_nomem(err);
	zmq_setsockopt(*socket, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(*socket, ZMQ_RCVHWM, &zero, sizeof(zero));
	zmq_setsockopt(*socket, ZMQ_SNDHWM, &zero, sizeof(zero));
	zmq_setsockopt(*socket, ZMQ_RECONNECT_IVL, &interval, sizeof(interval));
	if (type == ZMQ_SUB)
		zmq_setsockopt(*socket, ZMQ_SUBSCRIBE, "", 0);
	else /* stdin needs shell's identity: the child asks whom it serves */
		zmq_setsockopt(*socket, ZMQ_ROUTING_ID, identity, strlen(identity));
	if (zmq_connect(*socket, endpoint) < 0)
		return err_set_errno(err, E_IO, errno, "cannot connect %s", endpoint);
	return 0;
}

static int open_sockets(struct kernel *k, const struct jupyter_connection *conn, struct err *err)
{
	struct child *c = k->child;
	int r = jupyter_signer_new(conn->key, "splice-kernel", &c->signer, err);
	const char *id = r == 0 ? jupyter_signer_session(c->signer) : NULL;

	if (r == 0)
		r = open_socket(k, &c->shell, ZMQ_DEALER, id, conn, JUPYTER_SHELL, err);
	if (r == 0)
		r = open_socket(k, &c->control, ZMQ_DEALER, id, conn, JUPYTER_CONTROL, err);
	if (r == 0)
		r = open_socket(k, &c->stdin_, ZMQ_DEALER, id, conn, JUPYTER_STDIN, err);
	if (r == 0)
		r = open_socket(k, &c->iopub, ZMQ_SUB, id, conn, JUPYTER_IOPUB, err);
	return r;
}

static int find_python(struct kernel *k, char **ret, struct err *err)
{
	const char *set = config_get(k->nb->config, "python");
	int r;

	if (set) {
		*ret = str_dup(set);
		return *ret ? 0 : err_nomem(err);
	}
	r = fs_place(PLACE_LIB, "python/bin/python", ret, err);
	if (r == 0 && !fs_exists(*ret)) {
		r = err_set(err, E_NOTFOUND, "there is no Python at %s", *ret);
		err_set_hint(err,
			     "./install.sh makes it; or name yours: SPLICE_PYTHON=/path/python");
		free(TAKE(*ret));
	}
	return r;
}

/* PYTHONPATH with the folder of our package in front of the user's. */
static int python_path(struct kernel *k, char **ret, struct err *err)
{
	const char *set = config_get(k->nb->config, "site");
	const char *before = getenv("PYTHONPATH");
	_cleanup_free_ char *site = set ? str_dup(set) : NULL;

	if (!set && fs_place(PLACE_LIB, "site", &site, err) < 0)
		return err->code;
	*ret = site ? str_fmt("PYTHONPATH=%s%s%s", site, before && *before ? ":" : "",
			      before ? before : "")
		    : NULL;
	return *ret ? 0 : err_nomem(err);
}

static int spawn(struct kernel *k, const char *connection_file, const char *config_file,
		 struct err *err)
{
	struct child *c = k->child;
	_cleanup_close_ int log_fd =
		open(c->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	_cleanup_free_ char *python = NULL, *path = NULL;
	_cleanup_free_ char *config = str_fmt("SPLICE_CHILD=%s", config_file);
	_cleanup_free_ char *parent = str_fmt("JPY_PARENT_PID=%d", (int)getpid());
	int r = find_python(k, &python, err);

	if (r == 0)
		r = python_path(k, &path, err);
	if (r == 0 && (!config || !parent))
		r = err_nomem(err);
	if (r < 0)
		return r;
	const char *argv[] = {python, "-m", "splicemachine.child", "-f", connection_file, NULL};
	const char *env[] = {path, config, parent, "PYDEVD_DISABLE_FILE_VALIDATION=1", NULL};
	struct proc_options options = {.argv = argv,
				       .env = env,
				       .out_fd = log_fd,
				       .die_with_parent = true};

	r = proc_spawn(&options, &c->pid, err);
	if (r < 0)
		err_set_hint(err, "check the setting python (SPLICE_PYTHON)");
	return r;
}

/* First half of a start: a worker writes the files.  child_event goes on. */
static int prepare(struct kernel *k, struct worker *w, struct err *err)
{
	struct child *c = k->child;
	_cleanup_free_ char *key = jupyter_new_key();
	int r = key ? child_connection(c->dir, key, &c->connection, err) : err_nomem(err);

	if (r == 0 && !(c->files = child_files_args(k)))
		r = err_nomem(err);
	if (r == 0)
		r = worker_run_call(w, child_write_files, "start", c->files, NULL, c, err);
	if (r < 0) {
		release_start(c);
		return r;
	}
	c->state = CHILD_PREPARING;
	return 0;
}

/* Second half: the process and its sockets. */
static int launch(struct kernel *k, struct err *err)
{
	struct child *c = k->child;
	_cleanup_free_ char *file = child_file_path(c->dir, CHILD_CONNECTION_FILE);
	_cleanup_free_ char *config = child_file_path(c->dir, CHILD_CONFIG_FILE);
	int r = file && config ? open_sockets(k, &c->connection, err) : err_nomem(err);

	if (r == 0)
		r = spawn(k, file, config, err);
	if (r < 0)
		return r;
	c->state = CHILD_STARTING;
	c->seen_info = c->seen_iopub = false;
	c->probed_at = 0;
	c->starts++;
	log_line(k->log, LOG_INFO, "child", "started Python, pid %d", (int)c->pid);
	return 0;
}

static bool runs_cell(const struct subshell *s)
{
	return s->running && s->running->relayed;
}

static void fail_waiting(struct kernel *k, const struct err *error)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (runs_cell(s))
			execute_done(k, s->running, error, NULL);
}

bool child_event(struct kernel *k, struct subshell *s, struct event *e)
{
	struct child *c = k->child;
	struct err error = ERR_INIT;

	if (e->tag != c)
		return false;
	s->worker_jobs--;
	c->state = CHILD_NONE;
	if (e->code < 0)
		error = *e->error;
	else
		(void)launch(k, &error);
	release_start(c);
	if (error.code < 0) {
		close_sockets(c);
		fail_waiting(k, &error);
	}
	bridge_next(k, s);
	return true;
}

void child_execute(struct kernel *k, struct request *q)
{
	static const char restarted[] =
		"Python was started anew: the variables of earlier cells are gone.\n";
	struct child *c = k->child;
	struct err error = ERR_INIT;

	q->relayed = true;
	if (c->state == CHILD_READY) {
		relay_execute(k, q);
		return;
	}
	if (c->state != CHILD_NONE)
		return; /* child_tick sends the running cells once it is ready */
	if (prepare(k, q->subshell->worker, &error) < 0) {
		execute_done(k, q, &error, NULL);
		return;
	}
	q->subshell->worker_jobs++;
	if (c->starts)
		kernel_stream(k, q, STREAM_STDERR, restarted, strlen(restarted));
}

/* --- events ------------------------------------------------------------------------------ */

int child_poll(const struct child *c, zmq_pollitem_t *items)
{
	void *const sockets[CHILD_POLL_ITEMS] = {c->shell, c->control, c->stdin_, c->iopub};

	if (!is_alive(c))
		return 0;
	for (int i = 0; i < CHILD_POLL_ITEMS; i++)
		items[i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
	return CHILD_POLL_ITEMS;
}

int child_timeout(const struct child *c)
{
	return c->state == CHILD_STARTING ? PROBE_EVERY_MS / 2 : -1;
}

/* Asked over and over, because what is sent before the child has bound its iopub is lost. */
static void probe(struct kernel *k)
{
	struct child *c = k->child;
	struct err err = ERR_INIT;

	if (clock_ms() - c->probed_at < PROBE_EVERY_MS)
		return;
	c->probed_at = clock_ms();
	struct relay_out out = {.kind = RELAY_PROBE,
				.socket = c->shell,
				.msg_type = "kernel_info_request"};

	if (relay_send(k, NULL, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "probe: %s", err.text);
}

void child_tick(struct kernel *k)
{
	struct child *c = k->child;

	if (c->state != CHILD_STARTING)
		return;
	if (!c->seen_info || !c->seen_iopub) {
		probe(k);
		return;
	}
	c->state = CHILD_READY;
	log_line(k->log, LOG_INFO, "child", "Python answers");
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (runs_cell(s))
			relay_execute(k, s->running);
}

/* The last lines of the child's log, which tell why it ended. */
static char *log_tail(const struct child *c)
{
	_cleanup_close_ int fd = open(c->log_path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	char text[LOG_TAIL];
	ssize_t n;

	if (size <= 0)
		return NULL;
	n = pread(fd, text, sizeof(text), size > LOG_TAIL ? size - LOG_TAIL : 0);
	return n > 0 ? utf8_repair(text, (size_t)n) : NULL;
}

static void describe_death(const struct child *c, int status, struct err *error)
{
	_cleanup_free_ char *tail = log_tail(c);
	char how[128];

	proc_describe_status(how, sizeof(how), status);
	(void)err_set(error, E_CLOSED, "Python %s%s%s", how, tail ? ". Its last words:\n" : "",
		      tail ? str_trim(tail) : "");
	err_set_name(error, "ChildDied");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		err_set_hint(error,
			     "the next Python cell starts a new one; if memory ran out, lower the "
			     "setting spark.memory");
	else
		err_set_hint(error,
			     "the next Python cell starts a new one; its variables are gone");
}

void child_reap(struct kernel *k)
{
	struct child *c = k->child;
	struct err error = ERR_INIT;
	int status;

	if (!is_alive(c) || !proc_ended(c->pid, &status))
		return;
	child_read(k); /* what it still said */
	describe_death(c, status, &error);
	log_line(k->log, LOG_WARNING, "child", "%s", error.text);
	proc_kill_group(c->pid, SIGKILL);
	c->state = CHILD_NONE;
	close_sockets(c);
	bridge_interrupt(k); /* nobody waits for its calls */
	relay_fail_all(k, &error);
}

static bool runs_any(const struct kernel *k)
{
	for (const struct subshell *s = k->subshells; s; s = s->next)
		if (runs_cell(s))
			return true;
	return false;
}

void child_interrupt(struct kernel *k)
{
	struct child *c = k->child;
	struct err error = ERR_INIT;

	if (c->state == CHILD_READY && runs_any(k))
		(void)kill(c->pid, SIGINT);
	if (c->state != CHILD_PREPARING && c->state != CHILD_STARTING)
		return;
	/* SIGINT would kill an interpreter that is still importing: only the cells end. */
	(void)err_set(&error, E_CANCEL, "interrupted while Python was starting");
	err_set_name(&error, "KeyboardInterrupt");
	fail_waiting(k, &error);
}
