/* The Python child: its life from the first cell that needs it to its end. */
#include "kernel/child-int.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/execute.h"

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
	child_close_sockets(c);
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

static bool runs_cell(const struct subshell *s)
{
	return s->running && s->running->relayed;
}

/* The cells that wait for the start, of one subshell or (NULL) of all. */
static void fail_waiting(struct kernel *k, const struct subshell *only, const struct err *error)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		if ((!only || s == only) && runs_cell(s))
			execute_done(k, s->running, error, NULL);
}

bool child_event(struct kernel *k, struct subshell *s, struct event *e)
{
	struct child *c = k->child;
	struct err error = ERR_INIT;
	int r = e->code;

	if (e->tag != c)
		return false;
	if (e->type != EVENT_DONE)
		return true;
	s->worker_jobs--;
	c->state = CHILD_NONE;
	if (r < 0)
		error = *e->error;
	else
		r = child_launch(k, &error);
	release_start(c);
	if (r < 0) {
		child_close_sockets(c);
		fail_waiting(k, NULL, &error);
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
		if (child_subshell_ready(k, q))
			relay_execute(k, q);
		return;
	}
	if (c->state != CHILD_NONE)
		return; /* go_on_starting sends the running cells once it is ready */
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
	if (c->state == CHILD_STARTING)
		return PROBE_EVERY_MS / 2;
	return c->awaits_reply ? REPLY_WAIT_MS / 4 : -1;
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

static void go_on_starting(struct kernel *k)
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
			child_execute(k, s->running);
}

void child_read(struct kernel *k)
{
	relay_read(k, clock_ms() + TURN_MS);
	relay_check_replies(k);
	go_on_starting(k);
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
	relay_read(k, INT64_MAX); /* what it still said */
	describe_death(c, status, &error);
	log_line(k->log, LOG_WARNING, "child", "%s", error.text);
	proc_kill_group(c->pid, SIGKILL);
	c->state = CHILD_NONE;
	child_close_sockets(c);
	bridge_interrupt(k, NULL); /* nobody waits for its calls */
	relay_fail_all(k, &error);
}

void child_interrupt(struct kernel *k, struct subshell *only)
{
	struct child *c = k->child;
	struct err error = ERR_INIT;

	if (c->state == CHILD_READY)
		relay_interrupt(k, only);
	if (c->state != CHILD_PREPARING && c->state != CHILD_STARTING)
		return;
	/* SIGINT would kill an interpreter that is still importing: only the cells end. */
	(void)err_set(&error, E_CANCEL, "interrupted while Python was starting");
	err_set_name(&error, "KeyboardInterrupt");
	fail_waiting(k, only, &error);
}
