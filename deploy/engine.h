/*
 * Container engines: docker, podman and buildah, used by their command lines.
 * They build the images of models that splice-scorer does not know
 * (docs/DEPLOY.md, "MLflow's image").
 *
 * What a command prints goes line by line to `said`, and a failure names its
 * last line.  A password goes to a command's standard input, never into its
 * arguments, and stays in the call's own folder.
 */
#ifndef DEPLOY_ENGINE_H
#define DEPLOY_ENGINE_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct engine;
const char *engine_name(const struct engine *e);

/*
 * The engine of this name, or (NULL or "") the first of docker, podman and
 * buildah that works here: a program alone is none, as docker needs its daemon.
 * E_NOTFOUND with what to install; E_INPUT for a name that is none.
 */
int engine_find(const char *name, struct cancel *cancel, const struct engine **ret,
		struct err *err) _must_check_;

struct engine_call {
	const struct engine *engine;
	const char *folder; /* for what it keeps for this call: passwords.  0700 */
	void (*said)(void *userdata, const char *line); /* may be NULL */
	void *userdata;
	struct cancel *cancel;
};

/* Build the folder's Dockerfile.  options: further words, divided by blanks; may be NULL. */
int engine_build(const struct engine_call *c, const char *context, const char *image,
		 const char *options, struct err *err) _must_check_;

struct engine_registry {
	const char *url; /* "https://host" */
	const char *user, *password;
};
/* Push the image as "host/repository:tag", a name that it has for the while. */
int engine_push(const struct engine_call *c, const char *image, const char *as,
		const struct engine_registry *registry, struct err *err) _must_check_;

/* One that is not there is fine. */
int engine_remove(const struct engine_call *c, const char *image, struct err *err) _must_check_;

/*
 * Run the image under this name, its port 8080 at 127.0.0.1:port, as a process of ours, which is
 * *ret: to be reaped by the caller.  output_fd gets what it prints.
 */
int engine_start(const struct engine_call *c, const char *image, const char *name, int port,
		 int output_fd, pid_t *ret, struct err *err) _must_check_;
/* End what engine_start started, whatever is there of it; the process is reaped. */
void engine_stop(const struct engine_call *c, const char *name, pid_t pid);

#endif
