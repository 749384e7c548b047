/* Start of the Python child: its process, and the sockets to it. */
#include "kernel/child-int.h"

#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

void child_close_sockets(struct child *c)
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

int child_launch(struct kernel *k, struct err *err)
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
	c->seen_info = c->seen_iopub = c->awaits_reply = false;
	c->probed_at = 0;
	c->starts++;
	log_line(k->log, LOG_INFO, "child", "started Python, pid %d", (int)c->pid);
	return 0;
}
