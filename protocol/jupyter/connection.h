/*
 * The connection file: where a kernel's five sockets are and with which key
 * messages are signed (jupyter_client documentation, "Connection files").
 * Unknown members are ignored.
 */
#ifndef PROTOCOL_JUPYTER_CONNECTION_H
#define PROTOCOL_JUPYTER_CONNECTION_H

#include "base/cleanup.h"
#include "base/err.h"

enum jupyter_channel {
	JUPYTER_SHELL,
	JUPYTER_IOPUB,
	JUPYTER_STDIN,
	JUPYTER_CONTROL,
	JUPYTER_HB,
	JUPYTER_CHANNELS,
};

/* "shell", "iopub", … */
const char *jupyter_channel_name(enum jupyter_channel channel);

struct jupyter_connection {
	char *transport;             /* "tcp" or "ipc" */
	char *ip;                    /* address, or for ipc a path prefix */
	int ports[JUPYTER_CHANNELS]; /* 0: choose one; for ipc a suffix */
	char *key;                   /* "" turns signatures off */
	char *kernel_name;           /* may be NULL */
};

/* E_NOTFOUND, or E_INPUT naming the member that is missing or wrong. */
int jupyter_connection_read(const char *path, struct jupyter_connection *ret,
			    struct err *err) _must_check_;
int jupyter_connection_parse(const char *text, size_t n, struct jupyter_connection *ret,
			     struct err *err) _must_check_;
/* Written atomically with mode 0600. */
int jupyter_connection_write(const char *path, const struct jupyter_connection *c,
			     struct err *err) _must_check_;
void jupyter_connection_release(struct jupyter_connection *c);

/* "tcp://127.0.0.1:5000" or "ipc://path-1"; with port 0 "tcp://ip:*".  The caller frees. */
char *jupyter_connection_endpoint(const struct jupyter_connection *c, enum jupyter_channel channel);

/* A random key (a version 4 UUID); the caller frees. */
char *jupyter_new_key(void);

#endif
