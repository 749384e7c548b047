/* manager/service.c, with manager/launch.c and manager/probe.c below it */
#include "manager/service.h"

#include "base/clock.h"
#include "manager/launch.h"
#include "manager/procs.h"
#include "tests/harness.h"
#include "tests/servers/fake_service.h"

#include <signal.h>

struct heard {
	char text[2048];
};

static void hear(void *userdata, const struct service *s, const char *text)
{
	struct heard *h = userdata;
	size_t n = strlen(h->text);

	(void)s;
	snprintf(h->text + n, sizeof(h->text) - n, "%s|", text);
}

/* In the place, and of the mode, that were set up last. */
static struct service *make_here(struct heard *h)
{
	struct service *s = NULL;
	struct err err = ERR_INIT;

	if (service_new(&fake_service_def, /* log= */ NULL, hear, h, &s, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return s;
}

static struct service *make(const char *mode, struct heard *h)
{
	fake_service_setup(mode);
	return make_here(h);
}

/* Step until the state is there, or ms have passed. */
static bool reaches(struct service *s, enum service_state state, int ms)
{
	int64_t deadline = clock_ms() + ms;

	while (clock_ms() < deadline) {
		struct pollfd p;

		service_step(s);
		if (service_state(s) == state)
			return true;
		(void)service_poll(s, &p);
		(void)poll(&p, 1, 10);
	}
	test_fail(__FILE__, __LINE__, "is %s, not %s: %s", service_state_name(service_state(s)),
		  service_state_name(state), service_reason(s)->text);
	return false;
}

static pid_t pid_of(const struct service *s)
{
	struct service_info info;

	service_info(s, &info);
	return info.pid;
}

/* The processes of the service, told by its mark. */
static size_t count(const char *data)
{
	_cleanup_(pids_release) struct pids p = {0};
	_cleanup_free_ char *mark = str_fmt("SPLICE_SERVICE=fake:%s", data);
	struct err err = ERR_INIT;

	CHECK_OK(procs_marked(mark, &p, &err), &err);
	return p.len;
}

TEST(starts_answers_and_stops_politely)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);
	_cleanup_free_ char *url = NULL;
	_cleanup_free_ char *wanted = NULL;
	struct service_info info;

	CHECK_INT(service_state(s), SERVICE_STOPPED);
	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	CHECK_STR(h.text, "starting the fake server …|");
	url = service_url(s);
	wanted = str_fmt("fake://secret@127.0.0.1:%s", getenv("SPLICE_DB_PORT"));
	CHECK_STR(url, wanted);
	service_info(s, &info);
	CHECK(info.pid > 0 && info.port > 0 && info.memory > 0);
	CHECK_INT(count(info.data), 1);
	CHECK_INT(service_connections(s), 0);
	service_stop(s);
	CHECK_INT(service_state(s), SERVICE_STOPPING);
	REQUIRE(reaches(s, SERVICE_STOPPED, 2000));
	CHECK_INT(count(info.data), 0);
}

/* A process loses its environment, by which it is found, well before its sockets are closed. */
TEST(what_is_left_is_waited_for_until_its_port_is_free)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *left = make("large", &h);
	_cleanup_(service_freep) struct service *s = NULL;
	struct service_info before, after;

	service_ensure(left);
	REQUIRE(reaches(left, SERVICE_READY, 10000));
	service_info(left, &before);
	s = make_here(&h);
	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 10000));
	service_info(s, &after);
	CHECK_INT(after.port, before.port);
	CHECK(after.pid != before.pid);
}

TEST(a_taken_port_is_named_and_the_next_one_used)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);
	_cleanup_free_ char *taken = str_dup(getenv("SPLICE_DB_PORT"));
	_cleanup_(service_freep) struct service *other = NULL;
	struct service_info info;
	char text[64];

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	other = make("ok", &h);
	h.text[0] = '\0';
	REQUIRE(setenv("SPLICE_DB_PORT", taken, 1) == 0);
	service_ensure(other);
	REQUIRE(reaches(other, SERVICE_READY, 2000));
	service_info(other, &info);
	snprintf(text, sizeof(text), "port %s is taken; the fake server uses %d|", taken,
		 info.port);
	CHECK(str_starts(h.text, text));
}

TEST(killed_it_is_started_again_on_the_same_port)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);
	struct service_info before, after;

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	service_info(s, &before);
	REQUIRE(kill(before.pid, SIGKILL) == 0);
	REQUIRE(reaches(s, SERVICE_BACKOFF, 2000));
	CHECK_STR(service_reason(s)->hint, "look at the test");
	CHECK(str_starts(service_reason(s)->text, "the fake server was killed by signal 9"));
	REQUIRE(reaches(s, SERVICE_READY, 3000));
	service_info(s, &after);
	CHECK_INT(after.port, before.port);
	CHECK_INT(after.restarts, 1);
	CHECK(after.pid != before.pid);
}

/* Asking again skips the pause but not the count. */
TEST(six_deaths_in_a_row_and_it_is_left_alone)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);

	service_ensure(s);
	for (int i = 0; i < 5; i++) {
		REQUIRE(reaches(s, SERVICE_READY, 2000));
		REQUIRE(kill(pid_of(s), SIGKILL) == 0);
		REQUIRE(reaches(s, SERVICE_BACKOFF, 2000));
		service_ensure(s);
	}
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	REQUIRE(kill(pid_of(s), SIGKILL) == 0);
	REQUIRE(reaches(s, SERVICE_FAILED, 2000));
	CHECK(str_starts(service_reason(s)->text,
			 "the fake server died 6 times in ten minutes and is left alone"));
	service_ensure(s);
	CHECK(reaches(s, SERVICE_READY, 2000));
}

TEST(a_start_that_fails_shows_the_last_words)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("exit", &h);

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_FAILED, 2000));
	CHECK_STR(service_reason(s)->text,
		  "the fake server exited with status 3 while it started. Its last words:\n"
		  "java.lang.Problem: no disk");
	CHECK_STR(service_reason(s)->hint, "look at the test");
}

TEST(one_that_never_answers_is_given_up)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("deaf", &h);
	struct service_info info;

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_FAILED, 5000));
	CHECK(str_starts(service_reason(s)->text, "the fake server did not answer within 1.50 s"));
	service_info(s, &info);
	CHECK_INT(info.pid, 0);
	CHECK_INT(count(info.data), 0);
}

TEST(a_stubborn_one_is_killed)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("stubborn", &h);

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	service_stop(s);
	service_stop(s); /* twice is as good as once */
	CHECK_INT(service_state(s), SERVICE_STOPPING);
	REQUIRE(kill(pid_of(s), 0) == 0);
	CHECK(reaches(s, SERVICE_KILLING, 12000));
	CHECK(reaches(s, SERVICE_STOPPED, 2000));
}

/* The leader dies, its child holds the port: the child is cleared away first. */
TEST(what_a_dead_leader_left_is_cleared_away)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("pair", &h);
	struct service_info info;

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	service_info(s, &info);
	CHECK_INT(count(info.data), 2);
	REQUIRE(kill(info.pid, SIGKILL) == 0);
	REQUIRE(reaches(s, SERVICE_BACKOFF, 2000));
	CHECK_INT(count(info.data), 1);
	REQUIRE(reaches(s, SERVICE_READY, 3000));
	CHECK_INT(count(info.data), 2);
}

TEST(stop_and_start_at_once_is_a_restart)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);
	pid_t before;

	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 2000));
	before = pid_of(s);
	service_stop(s);
	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_READY, 3000));
	CHECK(pid_of(s) != before);
}

TEST(a_bad_setting_or_place_is_said_and_a_mended_one_works)
{
	struct heard h = {""};
	_cleanup_(service_freep) struct service *s = make("ok", &h);
	_cleanup_free_ char *port = str_dup(getenv("SPLICE_DB_PORT"));
	struct service_info info;
	FILE *f;

	REQUIRE(setenv("SPLICE_DB_PORT", "70000", 1) == 0);
	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_FAILED, 1000));
	CHECK_STR(service_reason(s)->text, "setting db.port: 70000 is no port");
	REQUIRE(setenv("SPLICE_DB_PORT", port, 1) == 0);
	service_info(s, &info);
	CHECK(rmdir(info.data) == 0);
	f = fopen(info.data, "w");
	REQUIRE(f != NULL);
	(void)fclose(f);
	service_ensure(s);
	REQUIRE(reaches(s, SERVICE_FAILED, 1000));
	CHECK(strstr(service_reason(s)->text, "cannot make the folder") != NULL);
	CHECK(service_reason(s)->hint[0] != '\0');
	CHECK(unlink(info.data) == 0);
	service_ensure(s);
	CHECK(reaches(s, SERVICE_READY, 2000));
}

FAKE_SERVICE_MAIN()
