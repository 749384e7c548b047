/* protocol/manager/client.c, against a server in a thread that follows a script */
#include "protocol/manager/client.h"

#include "base/fs.h"
#include "base/str.h"
#include "protocol/manager/paths.h"
#include "tests/harness.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Answers each line received with the next text; after the last, hangs up. */
struct script {
	const char *replies[4]; /* ends with NULL; "" answers nothing */
	int fd;
	pthread_t thread;
};

static void *play(void *userdata)
{
	struct script *s = userdata;
	int fd = accept(s->fd, NULL, NULL);
	char line[4096];

	for (size_t i = 0; s->replies[i] && read(fd, line, sizeof(line)) > 0; i++)
		if (send(fd, s->replies[i], strlen(s->replies[i]), MSG_NOSIGNAL) < 0)
			break;
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static bool listen_at(int fd, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	return fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	       listen(fd, 4) == 0;
}

static void new_folders(void)
{
	const char *dir = test_dir();

	(void)setenv("XDG_RUNTIME_DIR", dir, 1);
	(void)setenv("XDG_DATA_HOME", dir, 1);
}

static bool begin(struct script *s)
{
	_cleanup_free_ char *path = NULL;

	new_folders();
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return manager_socket_path(&path, NULL) == 0 && listen_at(s->fd, path) &&
	       pthread_create(&s->thread, NULL, play, s) == 0;
}

static void end(struct script *s)
{
	CHECK_INT(pthread_join(s->thread, NULL), 0);
	(void)close(s->fd);
}

#define GREETING "{\"id\":1,\"ok\":true,\"version\":1}\n"

static void note(void *userdata, const char *text)
{
	snprintf(userdata, 64, "%s", text);
}

TEST(a_call_passes_notices_and_skips_what_is_not_its_own)
{
	struct script s = {.replies = {GREETING, "{\"id\":9,\"ok\":false}\n"
						 "{\"id\":2,\"notice\":\"soon\"}\n"
						 "{\"id\":2,\"ok\":true,\"url\":\"u\"}\n"}};
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_request q = {.op = MANAGER_ENSURE, .service = "mlflow"};
	json_auto_t *answer = NULL;
	struct err err = ERR_INIT;
	char heard[64] = "";

	REQUIRE(begin(&s));
	REQUIRE_OK(manager_client_open(MANAGER_KIND_CLI, NULL, &c, &err), &err);
	CHECK(manager_client_alive(c));
	REQUIRE_OK(manager_client_call(c, &q, NULL, note, heard, &answer, &err), &err);
	CHECK_STR(heard, "soon");
	CHECK_STR(json_get_str(answer, "url", ""), "u");
	end(&s);
	CHECK_OK(manager_client_wait_end(c, 1000, &err), &err);
	CHECK(!manager_client_alive(c));
}

static int call_result(const char *reply, struct err *err)
{
	struct script s = {.replies = {GREETING, reply}};
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_request q = {.op = MANAGER_STATUS};
	int r;

	err_clear(err);
	if (!begin(&s))
		return E_IO;
	r = manager_client_open(MANAGER_KIND_CLI, NULL, &c, err);
	if (r == 0)
		r = manager_client_call(c, &q, NULL, NULL, NULL, NULL, err);
	end(&s);
	return r;
}

TEST(faulty_managers_are_told_apart)
{
	struct err err = ERR_INIT;

	CHECK_INT(call_result("{\"id\":2,\"ok\":true}\n", &err), 0);
	CHECK_INT(call_result("", &err), E_CLOSED);
	CHECK_INT(call_result("{\"id\":2,\"ok\":tr", &err), E_CLOSED);
	CHECK_INT(call_result("nonsense\n", &err), E_PROTO);
	CHECK_INT(call_result("{\"id\":2,\"ok\":false,\"error\":{\"code\":\"E_TIMEOUT\","
			      "\"text\":\"late\"}}\n",
			      &err),
		  E_TIMEOUT);
	CHECK_STR(err.text, "late");
	CHECK_INT(call_result("{\"id\":2,\"ok\":false}\n", &err), E_SERVER);
	CHECK_STR(err.text, "the manager gave no reason");
}

TEST(a_reply_without_end_is_refused)
{
	_cleanup_free_ char *flood = malloc(MANAGER_REPLY_MAX + 2);
	struct err err = ERR_INIT;

	REQUIRE(flood != NULL);
	memset(flood, 'x', MANAGER_REPLY_MAX + 1);
	flood[MANAGER_REPLY_MAX + 1] = '\0';
	CHECK_INT(call_result(flood, &err), E_TOOBIG);
}

TEST(nobody_there_and_a_stale_socket_are_the_same)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	new_folders();
	CHECK_INT(manager_client_open(MANAGER_KIND_CLI, NULL, &c, &err), E_NOTFOUND);
	REQUIRE_OK(manager_socket_path(&path, &err), &err);
	REQUIRE(listen_at(fd, path));
	(void)close(fd);
	CHECK_INT(manager_client_open(MANAGER_KIND_CLI, NULL, &c, &err), E_NOTFOUND);
}

/* Another shell, another XDG_RUNTIME_DIR, the same data: the lock file leads there. */
TEST(a_manager_elsewhere_is_found_by_the_lock_file)
{
	struct script s = {.replies = {GREETING}};
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_owner owner = {.pid = 1, .host = (char[]){"h"}};
	_cleanup_free_ char *socket = NULL;
	_cleanup_free_ char *lock = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE(begin(&s));
	REQUIRE_OK(manager_socket_path(&socket, &err), &err);
	REQUIRE_OK(manager_lock_path(&lock, &err), &err);
	owner.socket = socket;
	text = manager_owner_text(&owner);
	REQUIRE_OK(fs_write_atomic(lock, text, strlen(text), 0600, &err), &err);
	REQUIRE(setenv("XDG_RUNTIME_DIR", test_dir(), 1) == 0);
	CHECK_OK(manager_client_open(MANAGER_KIND_CLI, NULL, &c, &err), &err);
	end(&s);
}

TEST_MAIN()
