/* A service for tests. */
#include "tests/servers/fake_service.h"

#include "tests/harness.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 128 << 20 };

static int bind_port(int port, int *ret_port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &size) < 0) {
		perror("fake service");
		exit(4);
	}
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

int fake_service_free_port(void)
{
	int port, fd = bind_port(0, &port);

	(void)close(fd);
	return port;
}

/* The pages are never read, so that the compiler keeps them; MAP_POPULATE makes them real. */
static void grow(void)
{
	if (mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		 -1, 0) == MAP_FAILED)
		exit(4);
}

static _Noreturn void serve(const char *mode, int port)
{
	int fd = bind_port(port, &port);

	for (;;) {
		char line[16];
		int c = accept(fd, NULL, NULL);
		ssize_t n = c < 0 ? -1 : read(c, line, sizeof(line));

		if (n >= 4 && memcmp(line, "ping", 4) == 0 && write(c, "pong", 4) < 0)
			exit(5);
		if (n >= 3 && memcmp(line, "bye", 3) == 0 && strcmp(mode, "stubborn") != 0)
			exit(0);
		if (c >= 0)
			(void)close(c);
	}
}

void fake_service_maybe(int argc, char **argv)
{
	int64_t port;

	if (argc != 4 || strcmp(argv[1], "--serve") != 0 || str_parse_i64(argv[3], &port, NULL) < 0)
		return;
	if (strcmp(argv[2], "exit") == 0) {
		printf("java.lang.Problem: no disk\n\tat a.b(C.java:1)\n");
		exit(3);
	}
	if (strcmp(argv[2], "stubborn") == 0)
		(void)signal(SIGTERM, SIG_IGN);
	while (strcmp(argv[2], "deaf") == 0)
		(void)pause();
	if (strcmp(argv[2], "pair") == 0 && fork() > 0)
		for (;;)
			(void)pause();
	if (strcmp(argv[2], "large") == 0)
		grow();
	serve(argv[2], (int)port);
}

void fake_service_setup(const char *mode)
{
	const char *dir = test_dir();
	char port[16];

	snprintf(port, sizeof(port), "%d", fake_service_free_port());
	(void)setenv("XDG_RUNTIME_DIR", dir, 1);
	(void)setenv("XDG_DATA_HOME", dir, 1);
	(void)setenv("XDG_STATE_HOME", dir, 1);
	(void)setenv("XDG_CONFIG_HOME", dir, 1);
	(void)setenv("SPLICE_DB_PORT", port, 1);
	(void)setenv("FAKE_SERVICE", mode, 1);
}

static int prepare(struct service_site *site, struct err *err)
{
	return str_replace(&site->secret, "secret", err);
}

static int command(const struct service_site *site, struct strv *argv, struct strv *env,
		   struct err *err)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int r;

	exe[n > 0 ? n : 0] = '\0';
	r = strv_add(argv, exe, err);
	if (r == 0)
		r = strv_add(argv, "--serve", err);
	if (r == 0)
		r = strv_add(argv, getenv("FAKE_SERVICE"), err);
	if (r == 0)
		r = strv_take(argv, str_fmt("%d", site->port), err);
	return r == 0 ? strv_add(env, "FAKE_EXTRA=1", err) : r;
}

static void ask(const struct service_site *site, struct buf *b)
{
	(void)site;
	buf_put_str(b, "ping");
}

static bool answers(const uint8_t *reply, size_t n)
{
	return n == 4 && memcmp(reply, "pong", 4) == 0;
}

static void farewell(const struct service_site *site, struct buf *b)
{
	(void)site;
	buf_put_str(b, "bye");
}

static char *url(const struct service_site *site)
{
	return str_fmt("fake://%s@127.0.0.1:%d", site->secret, site->port);
}

const struct service_def fake_service_def = {
	.name = "fake",
	.title = "the fake server",
	.port_setting = "db.port",
	.advice = "look at the test",
	.start_ms = 1500,
	.stop_ms = 300,
	.prepare = prepare,
	.command = command,
	.ask = ask,
	.answers = answers,
	.farewell = farewell,
	.url = url,
};
