/* The server: its options, its socket, the HTTP library's daemon. */
#include "web/web-int.h"

#include "base/fs.h"
#include "base/limits.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	TOKEN_MIN = 16,
	HEADER_MS = 15000,
	BODY_MS = 30000,
	SEND_MS = 120000,
	/* A browser keeps six connections to a host; long polls take one for each tab. */
	CONNECTIONS_MAX = 96,
	CONNECTIONS_PER_ADDRESS = 64,
	HEADERS_BYTES = 32 * 1024, /* of a request: line and headers; more is refused with 431 */
	THREAD_STACK = 512 * 1024,
};

static int copy_texts(struct web *w, const struct web_options *o, struct err *err)
{
	int r = str_replace(&w->host, o->host ? o->host : "127.0.0.1", err);

	if (r == 0)
		r = str_replace(&w->token, o->token, err);
	if (r == 0)
		r = str_replace(&w->store_path, o->store_path, err);
	for (const char *const *name = o->names; name && *name && r == 0; name++)
		r = strv_add(&w->names, *name, err);
	return r;
}

static int read_pem(const char *path, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

static int read_certificate(struct web *w, const struct web_options *o, struct err *err)
{
	int r;

	if (!o->cert && !o->key)
		return 0;
	if (!o->cert || !o->key)
		return err_set(err, E_INPUT, "https needs both a certificate and its key");
	r = read_pem(o->cert, &w->cert_text, err);
	return r < 0 ? r : read_pem(o->key, &w->key_text, err);
}

static int check_options(const struct web_options *o, struct err *err)
{
	if (!o->token || strlen(o->token) < TOKEN_MIN)
		return err_set(err, E_INPUT,
			       "the Jobs Tracker's token is shorter than %d characters", TOKEN_MIN);
	if (o->port < 0 || o->port > UINT16_MAX)
		return err_set(err, E_INPUT, "%d is not a port", o->port);
	return 0;
}

static void addresses_freep(struct addrinfo **a)
{
	if (*a)
		freeaddrinfo(*a);
}

static int find_address(const char *host, int port, struct addrinfo **ret, struct err *err)
{
	const struct addrinfo want = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				      .ai_socktype = SOCK_STREAM};
	char service[8];
	int r;

	(void)snprintf(service, sizeof(service), "%d", port);
	r = getaddrinfo(host, service, &want, ret);
	if (r)
		return err_set(err, E_INPUT, "%s is not an address to listen on: %s", host,
			       gai_strerror(r));
	return 0;
}

static int bound_port(int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t size = sizeof(a);

	(void)getsockname(fd, (struct sockaddr *)&a, &size);
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

static int listen_at(const char *host, int port, int *ret, struct err *err)
{
	_cleanup_(addresses_freep) struct addrinfo *a = NULL;
	_cleanup_close_ int fd = -1;
	int one = 1, r = find_address(host, port, &a, err);

	if (r < 0)
		return r;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_set_errno(err, errno == EADDRINUSE ? E_EXISTS : E_IO, errno,
				     "port %d of %s", port, host);
	*ret = take_fd(&fd);
	return 0;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct web *w = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*context = info ? conns_add(w->conns, info->connect_fd) : NULL;
	else
		conns_remove(w->conns, TAKE(*(struct conn **)context));
}

static int start_daemon(struct web *w, int port, struct err *err)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, w->cert_text},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, w->key_text},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	_cleanup_close_ int fd = -1;
	int r = listen_at(w->host, port, &fd, err);

	if (r < 0)
		return r;
	w->port = bound_port(fd);
	/* A thread for each connection: handlers wait for MLflow, endpoints and changes. */
	w->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
			MHD_USE_ITC | (w->cert_text ? MHD_USE_TLS : 0),
		0, NULL, NULL, serve_request, w, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_COMPLETED, serve_completed, w, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, w, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_BYTES,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, w->cert_text ? tls : none,
		MHD_OPTION_END);
	if (!w->daemon)
		return err_set(err, E_INPUT, "the web server does not start%s",
			       w->cert_text ? "; certificate and key may not belong together" : "");
	(void)take_fd(&fd);
	return 0;
}

int web_start(const struct web_options *options, struct web **ret, struct err *err)
{
	_cleanup_(web_stopp) struct web *w = NULL;
	struct conns_limits limits = {
		.header_ms = options->header_ms ? options->header_ms : HEADER_MS,
		.body_ms = options->body_ms ? options->body_ms : BODY_MS,
		.send_ms = SEND_MS,
	};
	int r = check_options(options, err);

	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_nomem(err);
	w->mlflow_uri = options->mlflow_uri;
	w->job_added = options->job_added;
	w->userdata = options->userdata;
	w->log = options->log;
	w->stop.fd = -1;
	r = copy_texts(w, options, err);
	if (r == 0)
		r = cancel_init(&w->stop, err);
	if (r == 0)
		r = read_certificate(w, options, err);
	if (r == 0)
		r = conns_new(&limits, &w->conns, err);
	if (r == 0)
		r = start_daemon(w, options->port, err);
	if (r == 0)
		*ret = TAKE(w);
	return r;
}

int web_port(const struct web *w)
{
	return w->port;
}

void web_stop(struct web *w)
{
	if (!w)
		return;
	if (w->daemon) {
		cancel_fire(&w->stop);
		conns_end_all(w->conns);
		MHD_stop_daemon(w->daemon);
	}
	conns_free(w->conns);
	cancel_release(&w->stop);
	strv_release(&w->names);
	str_wipe(&w->key_text);
	free(w->cert_text);
	str_wipe(&w->token);
	free(w->host);
	free(w->store_path);
	free(w);
}
