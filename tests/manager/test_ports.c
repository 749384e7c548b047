/* manager/ports.c and manager/procs.c, which say whose a port is */
#include "manager/ports.h"

#include "base/proc.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/fake_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A listening socket on 127.0.0.1 (or on an IPv6 socket, as Java does); *ret_port is its port. */
static int listener(bool v6, int *ret_port)
{
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
	struct sockaddr *addr = v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4;
	socklen_t size = v6 ? sizeof(a6) : sizeof(a4);
	int off = 0;

	(void)inet_pton(AF_INET6, "::ffff:127.0.0.1", &a6.sin6_addr);
	if (fd < 0 || (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
	    bind(fd, addr, size) < 0 || listen(fd, 4) < 0 || getsockname(fd, addr, &size) < 0)
		return -1;
	*ret_port = ntohs(v6 ? a6.sin6_port : a4.sin_port);
	return fd;
}

static enum port_owner owner_of(int port, pid_t pid)
{
	struct pids ours = {.items = &pid, .len = 1};
	enum port_owner owner = PORT_FREE;
	struct err err = ERR_INIT;

	CHECK_OK(ports_owner(port, &ours, &owner, &err), &err);
	return owner;
}

static void check_ownership(bool v6)
{
	int port = 0, fd = listener(v6, &port);

	if (fd < 0 && v6)
		test_skip("no IPv6 here");
	REQUIRE(fd >= 0);
	CHECK_INT(owner_of(port, getpid()), PORT_OURS);
	CHECK_INT(owner_of(port, getppid()), PORT_FOREIGN);
	(void)close(fd);
	CHECK_INT(owner_of(port, getpid()), PORT_FREE);
}

TEST(ownership_of_an_ipv4_listener)
{
	check_ownership(/* v6= */ false);
}

TEST(ownership_of_an_ipv6_listener)
{
	check_ownership(/* v6= */ true);
}

TEST(a_taken_port_is_passed_over)
{
	int port = 0, got = 0, fd = listener(/* v6= */ false, &port);
	struct err err = ERR_INIT;

	REQUIRE(fd >= 0);
	CHECK_OK(ports_pick(port, &got, &err), &err);
	CHECK(got > port && got <= port + 100);
	(void)close(fd);
	CHECK_OK(ports_pick(port, &got, &err), &err);
	CHECK_INT(got, port);
}

/* Send the descriptor into a socket pair, where no process holds it while nobody reads it. */
static void put_in_flight(int to, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	struct iovec byte = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &byte,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	CHECK_INT(sendmsg(to, &msg, 0), 1);
	(void)close(fd);
}

TEST(a_port_that_no_process_holds_any_more)
{
	int pair[2] = {-1, -1}, port = 0, fd = listener(/* v6= */ false, &port);
	struct err err = ERR_INIT;
	bool dying = true;

	REQUIRE(fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(ports_dying(port, &dying, &err), &err);
	CHECK(!dying);
	put_in_flight(pair[0], fd);
	CHECK_OK(ports_dying(port, &dying, &err), &err);
	CHECK(dying);
	(void)close(pair[0]);
	(void)close(pair[1]);
	CHECK_OK(ports_dying(port, &dying, &err), &err);
	CHECK(!dying);
}

TEST(connections_are_counted)
{
	int port = 0, fd = listener(/* v6= */ false, &port);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct err err = ERR_INIT;
	size_t n = 9;

	REQUIRE(fd >= 0 && c >= 0);
	CHECK_OK(ports_connections(port, &n, &err), &err);
	CHECK_INT(n, 0);
	REQUIRE(connect(c, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	CHECK_OK(ports_connections(port, &n, &err), &err);
	CHECK_INT(n, 1);
	(void)close(c);
	(void)close(fd);
}

TEST(marked_processes_are_found_with_their_children)
{
	const char *argv[] = {"sh", "-c", "sleep 60 & sleep 60", NULL};
	_cleanup_free_ char *mark = str_fmt("SPLICE_TEST_MARK=%ld a b", (long)getpid());
	_cleanup_free_ char *part = str_ndup(mark, strlen(mark) - 2);
	const char *env[] = {mark, NULL};
	struct proc_options o = {.argv = argv, .env = env, .out_fd = -1};
	struct err err = ERR_INIT;
	struct pids p = {0};
	pid_t pid;

	REQUIRE_OK(proc_spawn(&o, &pid, &err), &err);
	for (int i = 0; i < 200 && p.len < 3; i++) {
		pids_release(&p);
		(void)usleep(10000);
		REQUIRE_OK(procs_marked(mark, &p, &err), &err);
	}
	CHECK(p.len >= 2);
	CHECK(procs_memory(&p) > 0);
	procs_signal(&p, SIGKILL);
	pids_release(&p);
	REQUIRE(waitpid(pid, NULL, 0) == pid);
	REQUIRE_OK(procs_marked(part, &p, &err), &err);
	CHECK_INT(p.len, 0); /* a part of the value is another mark */
}

TEST_MAIN()
