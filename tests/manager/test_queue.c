/*
 * manager/queue.c: workers are this program itself, started with `work ID`;
 * the job's app says what they do.
 */
#include "manager/queue.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "deploy/store.h"
#include "tests/harness.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static char store_path[96], self[PATH_MAX];

/* --- the worker --- */

static int work(const char *id_text)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	int64_t id = 0;

	if (str_parse_i64(id_text, &id, NULL) < 0 || store_open(getenv("STORE"), &s, NULL) < 0 ||
	    store_job_claim(s, id, NULL) < 0 || store_job_get(s, id, &j, NULL) < 0)
		return 9;
	if (str_eq(j.app, "dies") || (str_eq(j.app, "dies-once") && j.attempts == 1))
		(void)raise(SIGKILL);
	if (str_eq(j.app, "leaves-once") && j.attempts == 1)
		return 1;
	while (str_starts(j.app, "waits"))
		(void)pause();
	return store_job_end(s, id, JOB_SUCCESS, NULL, NULL, NULL) < 0 ? 9 : 0;
}

/* --- the queue --- */

static struct queue *make(int workers)
{
	struct queue_options o = {.store_path = store_path, .program = self, .workers = workers};
	struct queue *q = NULL;
	struct err err = ERR_INIT;

	if (queue_new(&o, &q, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return q;
}

static struct store *set_up(void)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	snprintf(store_path, sizeof(store_path), "%s/jobs.db", test_dir());
	CHECK(setenv("STORE", store_path, 1) == 0);
	if (store_open(store_path, &s, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return s;
}

static int64_t add(struct store *s, const char *app)
{
	json_auto_t *request = json_object();
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = "",
			      .app = app,
			      .user = "",
			      .request = request};
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK_OK(store_job_add(s, &job, &id, &err), &err);
	return id;
}

static struct job get(struct store *s, int64_t id)
{
	struct job j = {0};
	struct err err = ERR_INIT;

	CHECK_OK(store_job_get(s, id, &j, &err), &err);
	return j;
}

/* Step until the job is in the state, with this many attempts, or time is up. */
static bool reaches(struct queue *q, struct store *s, int64_t id, enum job_state state,
		    int attempts)
{
	int64_t deadline = clock_ms() + 20000;
	struct err err = ERR_INIT;

	while (clock_ms() < deadline) {
		_cleanup_job_ struct job j = get(s, id);

		if (j.state == state && j.attempts == attempts)
			return true;
		CHECK_OK(queue_step(q, 20, &err), &err);
	}
	return false;
}

TEST(jobs_are_worked_on_and_the_queue_rests)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_(queue_freep) struct queue *q = make(2);
	struct err err = ERR_INIT;

	REQUIRE(s && q);
	CHECK_OK(queue_step(q, 0, &err), &err);
	CHECK(!queue_busy(q));
	(void)add(s, "a");
	(void)add(s, "b");
	CHECK_OK(queue_step(q, 0, &err), &err);
	CHECK(queue_busy(q));
	CHECK(reaches(q, s, 1, JOB_SUCCESS, 1));
	CHECK(reaches(q, s, 2, JOB_SUCCESS, 1));
	for (int i = 0; i < 100 && queue_busy(q); i++)
		CHECK_OK(queue_step(q, 20, &err), &err);
	CHECK(!queue_busy(q));
}

TEST(no_more_at_a_time_than_allowed)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_(queue_freep) struct queue *q = make(2);
	struct err err = ERR_INIT;

	REQUIRE(s && q);
	(void)add(s, "waits-1");
	(void)add(s, "waits-2");
	(void)add(s, "a");
	CHECK(reaches(q, s, 1, JOB_RUNNING, 1));
	CHECK(reaches(q, s, 2, JOB_RUNNING, 1));
	for (int i = 0; i < 10; i++)
		CHECK_OK(queue_step(q, 20, &err), &err);
	CHECK(reaches(q, s, 3, JOB_PENDING, 0));
	{
		_cleanup_job_ struct job j = get(s, 1);

		CHECK(kill(j.worker, SIGKILL) == 0);
	}
	CHECK(reaches(q, s, 3, JOB_SUCCESS, 1)); /* the first one pauses */
}

TEST(a_job_whose_worker_died_gets_another)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_(queue_freep) struct queue *q = make(2);
	_cleanup_job_log_ struct job_log log = {0};
	struct err err = ERR_INIT;

	REQUIRE(s && q);
	(void)add(s, "dies-once");
	(void)add(s, "leaves-once");
	CHECK(reaches(q, s, 1, JOB_SUCCESS, 2));
	CHECK(reaches(q, s, 2, JOB_SUCCESS, 2));
	REQUIRE_OK(store_log_read(s, 1, 0, 10, &log, &err), &err);
	REQUIRE(log.len == 1);
	CHECK_STR(log.items[0].text, "the worker was killed; another goes on");
}

TEST(what_a_queue_before_left_is_gone_on_with)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_(queue_freep) struct queue *q = NULL;
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	REQUIRE(s);
	(void)add(s, "a");
	pid = fork();
	if (pid == 0) {
		struct store *mine = NULL;

		_exit(store_open(store_path, &mine, &err) < 0 ||
		      store_job_claim(mine, 1, &err) < 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	q = make(1);
	REQUIRE(q);
	CHECK(reaches(q, s, 1, JOB_SUCCESS, 2));
}

/* Each queue remembers no pause of the one before, which would take minutes. */
TEST(a_job_that_kills_every_worker_ends)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;

	REQUIRE(s);
	(void)add(s, "dies");
	for (int i = 0; i < 13; i++) {
		_cleanup_(queue_freep) struct queue *q = make(1);

		REQUIRE(q);
		for (int k = 0; k < 200; k++) {
			_cleanup_job_ struct job now = get(s, 1);

			if (now.state == JOB_FAILED || now.attempts > i)
				break;
			CHECK_OK(queue_step(q, 20, &err), &err);
		}
	}
	j = get(s, 1);
	CHECK_INT(j.state, JOB_FAILED);
	CHECK_INT(j.attempts, 12);
	CHECK(str_starts(j.error, "12 workers died over this job"));
	CHECK(j.hint[0] != '\0');
}

TEST(a_signal_ends_it_and_its_workers)
{
	_cleanup_(store_closep) struct store *s = set_up();
	struct queue *q = make(1);
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;

	REQUIRE(s && q);
	(void)add(s, "waits");
	CHECK(reaches(q, s, 1, JOB_RUNNING, 1));
	CHECK(kill(getpid(), SIGTERM) == 0);
	CHECK_OK(queue_step(q, 100, &err), &err);
	CHECK(queue_ended(q));
	j = get(s, 1);
	queue_free(q);
	CHECK(kill(j.worker, 0) < 0);
}

TEST(a_wake_ends_the_wait)
{
	_cleanup_(store_closep) struct store *s = set_up();
	_cleanup_(queue_freep) struct queue *q = make(1);
	struct err err = ERR_INIT;
	int64_t start = clock_ms();

	REQUIRE(s && q);
	queue_wake(q);
	CHECK_OK(queue_step(q, 10000, &err), &err);
	CHECK(clock_ms() - start < 200);
}

int main(int argc, char **argv)
{
	if (argc == 3 && str_eq(argv[1], "work"))
		return work(argv[2]);
	return test_main(argc, argv);
}
