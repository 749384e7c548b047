/* splice-kernel: command line, settings, and the life of the whole. */
#include "kernel/kernel.h"

#include "base/fs.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/child.h"
#include "notebook/files.h"
#include "notebook/kept.h"
#include "notebook/services.h"
#include "tracking/tracking.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static const char usage[] =
	"Usage: splice-kernel [-f CONNECTION_FILE]\n"
	"\n"
	"A Jupyter kernel for SQL (%splicemachine), PySpark (%spark.pyspark) and experiment\n"
	"tracking (%mlmanager). Front ends start it; started by hand without -f it writes a\n"
	"connection file and says how to connect.\n"
	"\n"
	"  -f FILE     connection file; ports that are 0 are chosen and written back\n"
	"  --version   print the version\n"
	"  --help      print this\n"
	"\n"
	"Settings are in $XDG_CONFIG_HOME/splice-kernel/config and in SPLICE_… variables\n"
	"(docs/CONFIGURATION.md).\n";

struct program {
	const char *file;
	char *own_file; /* written by us: removed at the end */
	struct config *config;
	struct log log;
	struct notebook nb;
	struct kernel kernel;
};

/* The tracking client asks for its server: started through the manager. */
static int tracking_server(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	struct program *p = userdata;

	return services_ensure(p->nb.services, SERVICE_MLFLOW, cancel, NULL, NULL, ret, err);
}

static int open_log(struct program *p, struct err *err)
{
	_cleanup_free_ char *dir = NULL, *path = NULL;
	int r = fs_place(PLACE_STATE, "logs", &dir, err);

	if (r == 0)
		r = fs_mkdir_p(dir, 0700, err);
	if (r == 0)
		r = log_parse_level(config_get(p->config, "log_level"), &p->log.level, err);
	path = r == 0 ? str_fmt("%s/kernel.log", dir) : NULL;
	if (r == 0 && !path)
		r = err_nomem(err);
	if (r < 0)
		return r;
	p->log.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (p->log.fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	return 0;
}

static int open_notebook(struct program *p, struct err *err)
{
	struct tracking_options tracking = {
		.server = tracking_server,
		.userdata = p,
		.source = getenv("JPY_SESSION_NAME"),
		.log = &p->log,
	};
	int r;

	p->nb.config = p->config;
	p->nb.log = &p->log;
	p->nb.path = tracking.source;
	r = services_new(p->config, &p->log, &p->nb.services, err);
	if (r == 0)
		r = files_new(p->config, &p->nb.files, err);
	if (r == 0)
		r = tracking_new(&tracking, &p->nb.tracking, err);
	return r == 0 ? kept_new(p->nb.tracking, &p->nb.kept, err) : r;
}

/* Where `jupyter --existing NAME` looks when the user said so, else our own runtime place. */
static int own_file_path(const char *name, char **ret, struct err *err)
{
	const char *dir = getenv("JUPYTER_RUNTIME_DIR");
	int r;

	if (!dir || !*dir)
		return fs_place(PLACE_RUNTIME, name, ret, err);
	r = fs_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	*ret = str_fmt("%s/%s", dir, name);
	return *ret ? 0 : err_nomem(err);
}

/* Without -f. */
static int make_connection(struct program *p, struct err *err)
{
	struct jupyter_connection *c = &p->kernel.connection;
	_cleanup_free_ char *name = str_fmt("kernel-%d.json", (int)getpid());

	c->transport = str_dup("tcp");
	c->ip = str_dup("127.0.0.1");
	c->key = jupyter_new_key();
	c->kernel_name = str_dup("splice");
	if (!name || !c->transport || !c->ip || !c->key || !c->kernel_name)
		return err_nomem(err);
	return own_file_path(name, &p->own_file, err);
}

static int open_connection(struct program *p, struct err *err)
{
	if (p->file)
		return jupyter_connection_read(p->file, &p->kernel.connection, err);
	return make_connection(p, err);
}

/* Ports that the system chose are told to whoever reads the file. */
static int write_connection(struct program *p, bool chosen, struct err *err)
{
	const char *file = p->own_file ? p->own_file : p->file;

	if (!chosen)
		return 0;
	if (p->own_file)
		printf("To connect: jupyter console --existing %s\n", file);
	(void)fflush(stdout);
	return jupyter_connection_write(file, &p->kernel.connection, err);
}

static bool has_free_port(const struct jupyter_connection *c)
{
	for (int i = 0; i < JUPYTER_CHANNELS; i++)
		if (c->ports[i] == 0)
			return true;
	return false;
}

static int open_kernel(struct program *p, struct err *err)
{
	struct kernel *k = &p->kernel;
	_cleanup_free_ char *name = str_fmt("k%d", (int)getpid());
	_cleanup_free_ char *dir = NULL;
	bool chosen = has_free_port(&k->connection);
	int r;

	k->log = &p->log;
	k->nb = &p->nb;
	r = kernel_open(k, err);
	if (r == 0)
		r = child_new(k, &k->child, err);
	if (r == 0 && !name)
		r = err_nomem(err);
	if (r == 0)
		r = fs_place(PLACE_RUNTIME, name, &dir, err);
	if (r == 0)
		r = bridge_new(k, dir, &k->bridge, err);
	return r == 0 ? write_connection(p, chosen, err) : r;
}

static int run(struct program *p, struct err *err)
{
	int r = kernel_catch_signals(&p->kernel, err);

	if (r == 0)
		r = config_load(&p->config, err);
	if (r == 0)
		r = open_log(p, err);
	if (r == 0 && config_unknown(p->config))
		log_line(&p->log, LOG_WARNING, "config", "unknown settings: %s",
			 config_unknown(p->config));
	if (r == 0)
		r = open_connection(p, err);
	if (r == 0)
		r = open_notebook(p, err);
	if (r == 0)
		r = open_kernel(p, err);
	if (r == 0) {
		log_line(&p->log, LOG_INFO, "kernel", "serving, pid %d", (int)getpid());
		r = kernel_run(&p->kernel, err);
	}
	return r;
}

static void release(struct program *p)
{
	bool abandoned = p->kernel.starter_gone;

	kernel_close(&p->kernel);
	kept_free(p->nb.kept);
	(abandoned ? tracking_abandon : tracking_free)(p->nb.tracking);
	files_free(p->nb.files);
	services_free(p->nb.services);
	jupyter_connection_release(&p->kernel.connection);
	if (p->own_file)
		(void)unlink(p->own_file);
	free(p->own_file);
	config_free(p->config);
	if (p->log.fd >= 0)
		(void)close(p->log.fd);
}

/* 0: run; otherwise exit with *ret_status. */
static int parse_arguments(int argc, char **argv, struct program *p, int *ret_status)
{
	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--version")) {
			printf("splice-kernel %s\n", SPLICE_VERSION);
			*ret_status = 0;
			return 1;
		}
		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
			fputs(usage, stdout);
			*ret_status = 0;
			return 1;
		}
		if (str_eq(argv[i], "-f") && i + 1 < argc) {
			p->file = argv[++i];
			continue;
		}
		fprintf(stderr, "splice-kernel: unexpected \"%s\"\n%s", argv[i], usage);
		*ret_status = 2;
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct program p = {.log = {.fd = -1}, .kernel = {.signal_fd = -1}};
	struct err err = ERR_INIT;
	int status = 0;

	if (parse_arguments(argc, argv, &p, &status))
		return status;
	if (run(&p, &err) < 0) {
		log_line(&p.log, LOG_ERROR, "kernel", "%s", err.text);
		fprintf(stderr, "splice-kernel: %s%s%s\n", err.text, err.hint[0] ? "\n" : "",
			err.hint);
		status = 1;
	}
	release(&p);
	return status;
}
