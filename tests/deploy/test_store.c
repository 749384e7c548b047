/* deploy/store*.c: the job store, also from several processes and between kills */
#include "deploy/store.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "tests/harness.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *new_path(void)
{
	return str_fmt("%s/jobs.db", test_dir());
}

static struct store *open_at(const char *path)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;

	if (store_open(path, &s, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return s;
}

static struct store *open_new(void)
{
	_cleanup_free_ char *path = new_path();

	return open_at(path);
}

static int add(struct store *s, const char *app, int64_t *ret, struct err *err)
{
	json_auto_t *request = json_pack("{s:s, s:s}", "run_id", "0123abcd", "app_name", app);
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = "",
			      .app = app,
			      .user = "anna",
			      .request = request};

	return store_job_add(s, &job, ret, err);
}

static int64_t added(struct store *s, const char *app)
{
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK_OK(add(s, app, &id, &err), &err);
	return id;
}

static enum job_state state_of(struct store *s, int64_t id)
{
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;

	CHECK_OK(store_job_get(s, id, &j, &err), &err);
	return j.state;
}

static void end(struct store *s, int64_t id, enum job_state state)
{
	struct err err = ERR_INIT;

	CHECK_OK(store_job_claim(s, id, &err), &err);
	CHECK_OK(store_job_end(s, id, state, /* why= */ NULL, /* result= */ NULL, &err), &err);
}

/* Run fn in a process of its own; its exit status. */
static int in_process(int (*fn)(const char *path, int64_t id), const char *path, int64_t id)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(fn(path, id));
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(states_have_names)
{
	for (int i = JOB_PENDING; i <= JOB_CANCELLED; i++)
		CHECK_INT(job_state_parse(job_state_name((enum job_state)i)), i);
	CHECK_STR(job_state_name(JOB_CANCELLED), "cancelled");
	CHECK_INT(job_state_parse("done"), -1);
}

TEST(the_file_is_private_also_when_it_was_not)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_free_ char *wal = str_fmt("%s-wal", path);
	_cleanup_(store_closep) struct store *s = open_at(path);
	_cleanup_(store_closep) struct store *second = NULL;
	struct stat st;

	REQUIRE(s);
	(void)added(s, "a");
	REQUIRE(stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	REQUIRE(stat(wal, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	REQUIRE(chmod(path, 0644) == 0);
	second = open_at(path);
	REQUIRE(second && stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
}

TEST(a_job_is_read_back_as_it_was_given)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_ struct job j = {0};
	json_auto_t *result = json_pack("{s:s}", "url", "http://x");
	struct err err = ERR_INIT, why = ERR_INIT;
	int64_t before = clock_wall_ms(), id;

	REQUIRE(s);
	id = added(s, "fraud");
	CHECK_INT(id, 1);
	REQUIRE_OK(store_job_get(s, id, &j, &err), &err);
	CHECK_STR(j.kind, "deploy");
	CHECK_STR(j.target, "local");
	CHECK_STR(j.region, "");
	CHECK_STR(j.app, "fraud");
	CHECK_STR(j.user, "anna");
	CHECK_STR(json_get_str(j.request, "run_id", ""), "0123abcd");
	CHECK_INT(j.state, JOB_PENDING);
	CHECK(j.created >= before && j.created <= clock_wall_ms());
	CHECK_INT(j.started + j.ended + j.attempts + j.worker + j.cancel_wanted, 0);
	CHECK(!j.result);
	job_release(&j);

	CHECK_OK(store_job_claim(s, id, &err), &err);
	CHECK_OK(store_job_step(s, id, "looking", &err), &err);
	REQUIRE_OK(store_job_get(s, id, &j, &err), &err);
	CHECK_INT(j.state, JOB_RUNNING);
	CHECK_INT(j.worker, getpid());
	CHECK_INT(j.worker_start, proc_start_time(getpid()));
	CHECK_INT(j.attempts, 1);
	CHECK_STR(j.step, "looking");
	job_release(&j);

	err_set(&why, E_SERVER, "no \xff disk");
	err_set_hint(&why, "buy one");
	CHECK_OK(store_job_end(s, id, JOB_FAILED, &why, result, &err), &err);
	REQUIRE_OK(store_job_get(s, id, &j, &err), &err);
	CHECK_INT(j.state, JOB_FAILED);
	CHECK_STR(j.error, "no \xef\xbf\xbd disk");
	CHECK_STR(j.hint, "buy one");
	CHECK_STR(json_get_str(j.result, "url", ""), "http://x");
	CHECK_INT(j.worker, 0);
	CHECK(j.ended >= j.started && j.started >= j.created);
	CHECK_INT(store_job_end(s, id, JOB_SUCCESS, NULL, NULL, &err), E_NOTFOUND);
	CHECK_STR(err.text, "job 1 is not running");
}

TEST(what_is_not_there_is_said)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;
	bool wanted;
	int64_t id;

	REQUIRE(s);
	CHECK_INT(store_job_get(s, 7, &j, &err), E_NOTFOUND);
	CHECK_STR(err.text, "there is no job 7");
	CHECK_INT(store_job_claim(s, 7, &err), E_NOTFOUND);
	CHECK_INT(store_job_step(s, 7, "x", &err), E_NOTFOUND);
	CHECK_INT(store_job_cancel(s, 7, &err), E_NOTFOUND);
	CHECK_INT(store_job_cancel_wanted(s, 7, &wanted, &err), E_NOTFOUND);
	CHECK_INT(store_job_retry(s, 7, &id, &err), E_NOTFOUND);
	CHECK_INT(store_job_remove(s, 7, &err), E_NOTFOUND);
	CHECK_INT(store_log_add(s, 7, "x", &err), E_NOTFOUND);
	CHECK_INT(store_step_set(s, 7, "x", STEP_DONE, NULL, &err), E_NOTFOUND);
}

TEST(one_unended_job_for_an_app)
{
	_cleanup_(store_closep) struct store *s = open_new();
	struct err err = ERR_INIT;
	int64_t first, id = -1;

	REQUIRE(s);
	first = added(s, "fraud");
	CHECK_INT(add(s, "fraud", &id, &err), E_EXISTS);
	CHECK_STR(err.text, "job 1 (deploy) for fraud is pending already");
	CHECK_INT(id, -1);
	CHECK_INT(added(s, "other"), 2);
	end(s, first, JOB_FAILED);
	CHECK_INT(added(s, "fraud"), 3);
	CHECK_INT(store_job_retry(s, first, &id, &err), E_EXISTS);
}

TEST(numbers_are_never_used_again)
{
	_cleanup_(store_closep) struct store *s = open_new();
	struct err err = ERR_INIT;

	REQUIRE(s);
	end(s, added(s, "a"), JOB_SUCCESS);
	CHECK_OK(store_job_remove(s, 1, &err), &err);
	CHECK_INT(added(s, "a"), 2);
}

static int claim_in(const char *path, int64_t id)
{
	_cleanup_(store_closep) struct store *s = open_at(path);

	return s && store_job_claim(s, id, NULL) == 0 ? 0 : 1;
}

TEST(a_dead_workers_job_is_claimed_again_a_living_ones_not)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;

	{
		_cleanup_(store_closep) struct store *first = open_at(path);

		REQUIRE(first);
		(void)added(first, "a");
	}
	CHECK_INT(in_process(claim_in, path, 1), 0);
	s = open_at(path);
	REQUIRE(s);
	CHECK_INT(state_of(s, 1), JOB_RUNNING);
	CHECK_OK(store_job_claim(s, 1, &err), &err);
	CHECK_INT(in_process(claim_in, path, 1), 1);
	CHECK_INT(store_job_claim(s, 1, &err), E_EXISTS);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_INT(j.worker, getpid());
	CHECK_INT(j.attempts, 2);
	CHECK_OK(store_job_end(s, 1, JOB_SUCCESS, NULL, NULL, &err), &err);
	CHECK_INT(store_job_claim(s, 1, &err), E_EXISTS);
	CHECK_STR(err.text, "job 1 has ended: success");
}

TEST(cancelling_ends_a_pending_job_and_tells_a_running_one)
{
	_cleanup_(store_closep) struct store *s = open_new();
	struct err err = ERR_INIT;
	bool wanted = true;

	REQUIRE(s);
	(void)added(s, "a");
	(void)added(s, "b");
	CHECK_OK(store_job_cancel(s, 1, &err), &err);
	CHECK_INT(state_of(s, 1), JOB_CANCELLED);
	CHECK_INT(store_job_cancel(s, 1, &err), E_INPUT);
	CHECK_OK(store_job_claim(s, 2, &err), &err);
	CHECK_OK(store_job_cancel_wanted(s, 2, &wanted, &err), &err);
	CHECK(!wanted);
	CHECK_OK(store_job_cancel(s, 2, &err), &err);
	CHECK_INT(state_of(s, 2), JOB_RUNNING);
	CHECK_OK(store_job_cancel_wanted(s, 2, &wanted, &err), &err);
	CHECK(wanted);
}

TEST(retry_makes_a_new_job_of_the_same_request)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;
	int64_t id = 0;

	REQUIRE(s);
	(void)added(s, "a");
	CHECK_INT(store_job_retry(s, 1, &id, &err), E_INPUT);
	end(s, 1, JOB_FAILED);
	REQUIRE_OK(store_job_retry(s, 1, &id, &err), &err);
	CHECK_INT(id, 2);
	REQUIRE_OK(store_job_get(s, id, &j, &err), &err);
	CHECK_INT(j.retry_of, 1);
	CHECK_INT(j.state, JOB_PENDING);
	CHECK_STR(json_get_str(j.request, "run_id", ""), "0123abcd");
}

TEST(an_ended_job_is_removed_with_all_that_belongs_to_it)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_log_ struct job_log log = {0};
	_cleanup_job_steps_ struct job_steps steps = {0};
	json_auto_t *plan = json_object();
	struct err err = ERR_INIT;

	REQUIRE(s);
	(void)added(s, "a");
	CHECK_INT(store_job_remove(s, 1, &err), E_INPUT);
	CHECK_OK(store_log_add(s, 1, "line", &err), &err);
	CHECK_OK(store_step_begin(s, 1, "make", plan, &err), &err);
	end(s, 1, JOB_FAILED);
	CHECK_INT(store_job_remove(s, 1, &err), E_INPUT);
	CHECK_STR(err.text, "what step \"make\" of job 1 made is not taken back yet");
	CHECK_OK(store_step_set(s, 1, "make", STEP_UNDONE, NULL, &err), &err);
	CHECK_OK(store_job_remove(s, 1, &err), &err);
	CHECK_OK(store_log_read(s, 1, 0, 10, &log, &err), &err);
	CHECK_OK(store_steps(s, 1, &steps, &err), &err);
	CHECK_INT(log.len + steps.len, 0);
}

static size_t found(struct store *s, int state, const char *text)
{
	_cleanup_jobs_ struct jobs list = {0};
	struct jobs_query q = {.state = state, .text = text, .max = 200};
	struct err err = ERR_INIT;

	CHECK_OK(store_jobs(s, &q, &list, &err), &err);
	return list.len;
}

TEST(lists_are_newest_first_in_pages_and_searched)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_jobs_ struct jobs list = {0};
	struct jobs_query q = {.state = -1, .max = 2};
	struct err err = ERR_INIT;

	REQUIRE(s);
	(void)added(s, "fraud");
	(void)added(s, "churn");
	(void)added(s, "100%");
	end(s, 2, JOB_SUCCESS);
	REQUIRE_OK(store_jobs(s, &q, &list, &err), &err);
	REQUIRE(list.len == 2 && list.more);
	CHECK_INT(list.items[0].id, 3);
	CHECK_INT(list.items[1].id, 2);
	jobs_release(&list);
	q.before_id = 2;
	REQUIRE_OK(store_jobs(s, &q, &list, &err), &err);
	REQUIRE(list.len == 1 && !list.more);
	CHECK_STR(list.items[0].app, "fraud");
	CHECK_INT(found(s, JOB_SUCCESS, NULL), 1);
	CHECK_INT(found(s, JOB_PENDING, "FRAUD"), 1);
	CHECK_INT(found(s, -1, "0%"), 1);
	CHECK_INT(found(s, -1, "123AB"), 3); /* the run */
	CHECK_INT(found(s, -1, "anna"), 3);
	CHECK_INT(found(s, -1, "nothing"), 0);
}

TEST(every_change_is_counted)
{
	_cleanup_(store_closep) struct store *s = open_new();
	json_auto_t *plan = json_object();
	struct err err = ERR_INIT;
	int64_t v[8] = {0}, after;
	size_t n = 0;

	REQUIRE(s);
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	(void)added(s, "a");
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	CHECK_OK(store_job_claim(s, 1, &err), &err);
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	CHECK_OK(store_log_add(s, 1, "x", &err), &err);
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	CHECK_OK(store_step_begin(s, 1, "one", plan, &err), &err);
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	CHECK_OK(store_step_set(s, 1, "one", STEP_DONE, plan, &err), &err);
	CHECK_OK(store_version(s, &v[n++], &err), &err);
	CHECK_OK(store_job_end(s, 1, JOB_SUCCESS, NULL, NULL, &err), &err);
	CHECK_OK(store_version(s, &v[n], &err), &err);
	for (size_t i = 0; i < n; i++)
		CHECK(v[i] < v[i + 1]);
	CHECK_INT(found(s, -1, NULL), 1);
	CHECK_OK(store_version(s, &after, &err), &err);
	CHECK_INT(after, v[n]); /* looking changes nothing */
}

TEST(a_log_is_read_from_where_one_left_off)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_log_ struct job_log log = {0};
	_cleanup_free_ char *huge = malloc(100001);
	struct err err = ERR_INIT;

	REQUIRE(s && huge);
	(void)added(s, "a");
	(void)added(s, "b");
	memset(huge, 'x', 100000);
	huge[100000] = '\0';
	CHECK_OK(store_log_add(s, 1, "one", &err), &err);
	CHECK_OK(store_log_add(s, 2, "other", &err), &err);
	CHECK_OK(store_log_add(s, 1, "t\xffo", &err), &err);
	CHECK_OK(store_log_add(s, 1, huge, &err), &err);
	REQUIRE_OK(store_log_read(s, 1, 1, 1, &log, &err), &err);
	REQUIRE(log.len == 1);
	CHECK_INT(log.items[0].number, 2);
	CHECK_STR(log.items[0].text, "t\xef\xbf\xbdo");
	CHECK(log.items[0].time > 0);
	job_log_release(&log);
	REQUIRE_OK(store_log_read(s, 1, 2, 100, &log, &err), &err);
	REQUIRE(log.len == 1);
	CHECK_INT(strlen(log.items[0].text), 16384);
}

TEST(steps_keep_their_order_plan_and_result)
{
	_cleanup_(store_closep) struct store *s = open_new();
	_cleanup_job_steps_ struct job_steps steps = {0};
	json_auto_t *plan = json_pack("{s:s}", "name", "m-1");
	json_auto_t *result = json_pack("{s:i}", "size", 3);
	struct err err = ERR_INIT;

	REQUIRE(s);
	(void)added(s, "a");
	CHECK_OK(store_step_begin(s, 1, "z", plan, &err), &err);
	CHECK_OK(store_step_begin(s, 1, "a", plan, &err), &err);
	CHECK_INT(store_step_begin(s, 1, "z", plan, &err), E_EXISTS);
	CHECK_OK(store_step_set(s, 1, "z", STEP_DONE, result, &err), &err);
	CHECK_OK(store_step_set(s, 1, "z", STEP_UNDOING, NULL, &err), &err);
	CHECK_INT(store_step_set(s, 1, "b", STEP_DONE, NULL, &err), E_NOTFOUND);
	REQUIRE_OK(store_steps(s, 1, &steps, &err), &err);
	REQUIRE(steps.len == 2);
	CHECK_STR(steps.items[0].name, "z");
	CHECK_INT(steps.items[0].state, STEP_UNDOING);
	CHECK_STR(json_get_str(steps.items[0].plan, "name", ""), "m-1");
	CHECK_INT(json_get_int(steps.items[0].result, "size", 0), 3);
	CHECK_STR(steps.items[1].name, "a");
	CHECK_INT(steps.items[1].state, STEP_OPEN);
	CHECK(!steps.items[1].result);
}

enum { LINES = 150 };

static int write_lines(const char *path, int64_t id)
{
	_cleanup_(store_closep) struct store *s = open_at(path);

	for (int i = 0; s && i < LINES; i++)
		if (store_log_add(s, id, "line", NULL) < 0)
			return 1;
	return s ? 0 : 1;
}

/* The file is made, too, by whoever comes first. */
TEST(two_processes_open_and_write_at_once)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_log_ struct job_log log = {0};
	struct err err = ERR_INIT;
	pid_t pids[4];
	int status;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			_cleanup_(store_closep) struct store *mine = open_at(path);
			int64_t id;

			if (!mine)
				_exit(2);
			(void)add(mine, "same", &id, NULL);
			_exit(write_lines(path, 1));
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK_INT(status, 0);
	}
	s = open_at(path);
	REQUIRE(s);
	CHECK_INT(found(s, -1, NULL), 1);
	REQUIRE_OK(store_log_read(s, 1, 0, 10000, &log, &err), &err);
	CHECK_INT(log.len, LINES * ARRAY_LEN(pids));
	for (size_t i = 0; i < log.len; i++)
		CHECK_INT(log.items[i].number, (int64_t)i + 1);
}

static int open_and_close(const char *path, int64_t id)
{
	_cleanup_(store_closep) struct store *s = open_at(path);

	return s && store_log_add(s, id, "from elsewhere", NULL) == 0 ? 0 : 1;
}

/* A second store of a process does not take the first one's locks with it. */
TEST(a_process_may_have_several)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_(store_closep) struct store *s = open_at(path);
	_cleanup_job_log_ struct job_log log = {0};
	struct err err = ERR_INIT;

	REQUIRE(s);
	(void)added(s, "a");
	store_close(open_at(path));
	CHECK_INT(in_process(open_and_close, path, 1), 0);
	CHECK_OK(store_log_add(s, 1, "from here", &err), &err);
	CHECK_INT(in_process(open_and_close, path, 1), 0);
	REQUIRE_OK(store_log_read(s, 1, 0, 10, &log, &err), &err);
	CHECK_INT(log.len, 3);
}

/* Lines are counted on a pipe once their call has returned: those must be there afterwards. */
TEST(a_kill_loses_no_call_that_returned)
{
	_cleanup_free_ char *path = new_path();
	struct err err = ERR_INIT;
	int rounds = test_count(8, 200);

	for (int round = 0; round < rounds; round++) {
		_cleanup_(store_closep) struct store *s = NULL;
		_cleanup_job_log_ struct job_log log = {0};
		char app[16];
		int fds[2], status;
		ssize_t n;
		size_t told = 0;
		uint8_t chunk[256];
		pid_t pid;

		snprintf(app, sizeof(app), "a%d", round);
		REQUIRE(pipe(fds) == 0);
		pid = fork();
		if (pid == 0) {
			_cleanup_(store_closep) struct store *mine = open_at(path);
			int64_t id = 0;

			if (!mine || add(mine, app, &id, NULL) < 0)
				_exit(1);
			while (store_log_add(mine, id, "line", NULL) == 0 &&
			       write(fds[1], "x", 1) == 1)
				continue;
			_exit(1);
		}
		(void)close(fds[1]);
		while (told < (size_t)(5 + round) && (n = read(fds[0], chunk, sizeof(chunk))) > 0)
			told += (size_t)n;
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status));
		while ((n = read(fds[0], chunk, sizeof(chunk))) > 0)
			told += (size_t)n;
		(void)close(fds[0]);
		s = open_at(path);
		REQUIRE(s);
		REQUIRE_OK(store_log_read(s, round + 1, 0, 10000, &log, &err), &err);
		CHECK(log.len == told || log.len == told + 1);
	}
}

static void check_refused(const char *path, int code, const char *text)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(store_open(path, &s, &err), code);
	if (!strstr(err.text, text))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", text, err.text);
	CHECK(err.hint[0] != '\0');
	store_close(s);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

TEST(what_is_no_store_is_refused_and_left_alone)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_buf_ struct buf b = {0};
	char junk[8192];
	struct err err = ERR_INIT;

	memset(junk, 'j', sizeof(junk));
	REQUIRE_OK(fs_write_atomic(path, junk, sizeof(junk), 0600, &err), &err);
	check_refused(path, E_IO, "is damaged");
	buf_init(&b, KIB(64));
	REQUIRE_OK(fs_read(path, &b, &err), &err);
	CHECK_MEM(b.data, b.len, junk, sizeof(junk));
	REQUIRE(unlink(path) == 0);
	run_sql(path, "create table other (x)");
	check_refused(path, E_IO, "a database of another program");
	check_refused("/proc/jobs.db", E_IO, "the job store /proc/jobs.db");
}

TEST(a_newer_one_is_refused)
{
	_cleanup_free_ char *path = new_path();

	store_close(open_at(path));
	run_sql(path, "pragma user_version = 99");
	check_refused(path, E_UNSUPPORTED, "newer splice-manager (its form is 99, this");
}

TEST(damage_within_is_told_from_the_call_that_meets_it)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	_cleanup_free_ char *path = new_path();
	struct err err = ERR_INIT;

	s = open_at(path);
	REQUIRE(s);
	(void)added(s, "a");
	run_sql(path, "update job set request = '{\"a\":'");
	CHECK_INT(store_job_get(s, 1, &j, &err), E_IO);
	CHECK(strstr(err.text, "is damaged: an object in it is not valid JSON") != NULL);
}

TEST(a_reader_is_not_held_up_by_a_writer)
{
	_cleanup_free_ char *path = new_path();
	_cleanup_(store_closep) struct store *s = open_at(path);
	sqlite3 *writer = NULL;
	int64_t start;

	REQUIRE(s);
	(void)added(s, "a");
	REQUIRE(sqlite3_open(path, &writer) == SQLITE_OK);
	CHECK_INT(sqlite3_exec(writer, "begin immediate; update job set user = 'bert'", NULL, NULL,
			       NULL),
		  SQLITE_OK);
	start = clock_ms();
	CHECK_INT(found(s, -1, "anna"), 1);
	CHECK(clock_ms() - start < 1000);
	CHECK_INT(sqlite3_exec(writer, "commit", NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_close(writer), SQLITE_OK);
	CHECK_INT(found(s, -1, "bert"), 1);
}

TEST_MAIN()
