/*
 * deploy/steps.c: jobs whose steps make and remove files, worked on by
 * processes that are killed at each point in turn.  A point is a call of
 * point(): before and after a step plans, acts, takes back.
 */
#include "deploy/steps.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* What goes wrong; shared with the processes. */
struct plot {
	int points;          /* passed so far, in all processes */
	int kill_at;         /* the point that kills; 0: none */
	bool kill_each;      /* kills each process at its first point */
	const char *fail;    /* the step that fails */
	const char *cancel;  /* the step during which the job is cancelled */
	int undo_failures;   /* times that taking back fails yet */
	int runs;            /* steps run, in all processes */
	struct cancel *fire; /* fired when the step that keeps has begun */
};

static struct plot *plot;
static char dir[64], store_path[80];

static void point(void)
{
	plot->points++;
	if (plot->points == plot->kill_at || plot->kill_each)
		(void)raise(SIGKILL);
}

static char *file_of(const json_t *plan)
{
	return str_fmt("%s/%s", dir, json_get_str(plan, "file", "?"));
}

static int plan_file(const char *name, json_t **ret, struct err *err)
{
	point();
	*ret = json_pack("{s:s}", "file", name);
	return *ret ? 0 : err_nomem(err);
}

static int make_file(struct step_context *c, const char *name, const json_t *plan, json_t **ret,
		     struct err *err)
{
	_cleanup_free_ char *path = file_of(plan);
	int r;

	plot->runs++;
	point();
	if (plot->fire && str_eq(name, "last"))
		cancel_fire(plot->fire);
	if (cancel_fired(c->cancel))
		return err_set(err, E_CANCEL, "cancelled");
	r = path ? fs_write_atomic(path, "x", 1, 0600, err) : err_nomem(err);
	point();
	if (r == 0 && plot->cancel && str_eq(plot->cancel, name))
		r = store_job_cancel(c->store, c->job, err);
	if (r == 0 && plot->fail && str_eq(plot->fail, name)) {
		r = err_set(err, E_SERVER, "%s does not work", name);
		err_set_hint(err, "mend it");
	}
	if (r == 0)
		*ret = json_pack("{s:s}", "made", name);
	return r;
}

static int remove_file(struct step_context *c, const json_t *plan, const json_t *result,
		       struct err *err)
{
	_cleanup_free_ char *path = file_of(plan);

	(void)c, (void)result;
	point();
	if (plot->undo_failures > 0) {
		plot->undo_failures--;
		return err_set(err, E_IO, "the disk is away");
	}
	if (path)
		(void)unlink(path);
	point();
	return 0;
}

#define STEP(name)                                                                                 \
	static int plan_##name(struct step_context *c, json_t **ret, struct err *err)              \
	{                                                                                          \
		(void)c;                                                                           \
		return plan_file(#name, ret, err);                                                 \
	}                                                                                          \
	static int run_##name(struct step_context *c, const json_t *plan, json_t **ret,            \
			      struct err *err)                                                     \
	{                                                                                          \
		return make_file(c, #name, plan, ret, err);                                        \
	}
STEP(one)
STEP(two)
STEP(three)
STEP(last)

static int look(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	(void)plan, (void)ret;
	point();
	err_set(err, E_TIMEOUT, "not at once"); /* and then it did */
	/* What earlier steps made is there, whoever made it. */
	if (!str_eq(json_get_str(step_result(c, "one"), "made", ""), "one") ||
	    !str_eq(json_get_str(step_plan(c, "two"), "file", ""), "two"))
		return err_set(err, E_INPUT, "the journal does not say what was made");
	return 0;
}

static int result(struct step_context *c, json_t **ret, struct err *err)
{
	*ret = json_pack("{s:O?}", "last", step_result(c, "last"));
	return *ret ? 0 : err_nomem(err);
}

static const struct step items[] = {
	{"one", "Making one", false, plan_one, run_one, remove_file},
	{"two", "Making two", false, plan_two, run_two, remove_file},
	{"look", "Looking", false, NULL, look, NULL},
	{"three", "Making three", false, plan_three, run_three, remove_file},
	{"last", "Making the last", true, plan_last, run_last, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
static const struct steps steps = {items, result};

/* A fresh job in a fresh place. */
static void set_up(const struct plot *what)
{
	_cleanup_(store_closep) struct store *s = NULL;
	json_auto_t *request = json_object();
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = "",
			      .app = "a",
			      .user = "",
			      .request = request};
	struct err err = ERR_INIT;
	int64_t id = 0;

	if (!plot)
		plot = mmap(NULL, sizeof(*plot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	*plot = *what;
	snprintf(dir, sizeof(dir), "%s", test_dir());
	/* What is synced to a disk thousands of times takes minutes. */
	if (access("/dev/shm", W_OK) == 0)
		snprintf(store_path, sizeof(store_path), "/dev/shm/steps-%ld.db", (long)getpid());
	else
		snprintf(store_path, sizeof(store_path), "%s.db", dir);
	(void)unlink(store_path);
	CHECK_OK(store_open(store_path, &s, &err), &err);
	CHECK_OK(store_job_add(s, &job, &id, &err), &err);
	CHECK_INT(id, 1);
}

static void tear_down(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		_cleanup_free_ char *path = str_fmt("%s%s", store_path, tails[i]);

		(void)unlink(path);
	}
}

static int worker_main(void)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct step_context c = {.job = 1};
	struct err err = ERR_INIT;
	int r = store_open(store_path, &s, &err);

	c.store = s;
	if (r == 0)
		r = store_job_claim(s, 1, &err);
	if (r == 0)
		r = store_job_get(s, 1, &j, &err);
	if (r == 0)
		r = steps_run(&c, &steps, j.attempts, &err);
	step_context_release(&c);
	return r < 0 ? 1 : 0;
}

/* 'k' killed, 'e' the job ended, 'n' it is left to the next worker. */
static char work(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(worker_main());
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 'k' : WEXITSTATUS(status) == 0 ? 'e' : 'n';
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	for (const struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return n;
}

static void check_ended(enum job_state state, const char *error, int files)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_STR(job_state_name(j.state), job_state_name(state));
	CHECK_STR(j.error, error);
	CHECK_INT(count_files(), files);
	if (state == JOB_SUCCESS)
		CHECK_STR(json_get_str(json_object_get(j.result, "last"), "made", ""), "last");
	else
		CHECK_OK(store_job_remove(s, 1, &err), &err); /* nothing is left to take back */
}

/* Until a run comes through without the kill: each point was a deadly one once. */
static void at_each_point(const struct plot *base, enum job_state state, const char *error,
			  int files)
{
	bool killed = true;

	for (int at = 1; killed && at < 100; at++) {
		struct plot p = *base;
		int workers = 0;
		char end;

		p.kill_at = at;
		set_up(&p);
		while ((end = work()) != 'e' && ++workers < STEPS_GIVE_UP)
			continue;
		killed = plot->points >= at;
		CHECK_INT(end, 'e');
		CHECK_INT(workers, killed ? 1 : 0);
		check_ended(state, error, files);
		tear_down();
		if (killed && at == 1)
			CHECK(plot->points > 1);
	}
	CHECK(!killed);
}

TEST(steps_run_in_order_and_are_logged)
{
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_log_ struct job_log log = {0};
	struct plot p = {0};
	struct err err = ERR_INIT;

	set_up(&p);
	CHECK_INT(work(), 'e');
	check_ended(JOB_SUCCESS, "", 4);
	CHECK_INT(plot->runs, 4);
	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	REQUIRE_OK(store_log_read(s, 1, 0, 100, &log, &err), &err);
	REQUIRE(log.len == 5);
	CHECK_STR(log.items[0].text, "Making one …");
	CHECK_STR(log.items[4].text, "Making the last …");
	tear_down();
}

TEST(a_kill_at_any_point_and_the_next_worker_goes_on)
{
	struct plot p = {0};

	at_each_point(&p, JOB_SUCCESS, "", 4);
}

TEST(a_kill_at_any_point_of_a_failing_job_leaves_nothing)
{
	struct plot p = {.fail = "three"};

	at_each_point(&p, JOB_FAILED, "three does not work", 0);
}

TEST(a_kill_at_any_point_of_a_cancelled_job_leaves_nothing)
{
	struct plot p = {.cancel = "two"};

	at_each_point(&p, JOB_CANCELLED, "", 0);
}

TEST(the_last_way_out_is_before_the_step_that_keeps)
{
	struct plot p = {.cancel = "three"};

	at_each_point(&p, JOB_CANCELLED, "", 0);
	p.cancel = "last";
	at_each_point(&p, JOB_SUCCESS, "", 4);
}

TEST(what_cannot_be_taken_back_is_left_to_the_next_worker)
{
	struct plot p = {.fail = "three", .undo_failures = 2};

	set_up(&p);
	CHECK_INT(work(), 'n');
	CHECK_INT(count_files(), 3);
	CHECK_INT(work(), 'n');
	CHECK_INT(work(), 'e');
	CHECK_INT(plot->runs, 3); /* none ran again */
	check_ended(JOB_FAILED, "three does not work", 0);
	tear_down();
}

TEST(what_can_never_be_taken_back_is_said_and_cleared_by_a_retry)
{
	struct plot p = {.fail = "two", .undo_failures = STEPS_GIVE_UP};
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct step_context c = {.job = 1};
	struct err err = ERR_INIT;
	int workers = 1;

	set_up(&p);
	while (workers <= STEPS_GIVE_UP && work() == 'n')
		workers++;
	CHECK_INT(workers, STEPS_GIVE_UP);
	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_INT(j.state, JOB_FAILED);
	CHECK_STR(j.error, "two does not work; and \"Making two\" cannot be taken back: "
			   "the disk is away");
	CHECK_INT(store_job_remove(s, 1, &err), E_INPUT);
	CHECK_INT(count_files(), 2);
	c.store = s;
	CHECK_OK(steps_clear(&c, &steps, &err), &err);
	CHECK_INT(count_files(), 0);
	CHECK_OK(steps_clear(&c, &steps, &err), &err);
	step_context_release(&c);
	CHECK_OK(store_job_remove(s, 1, &err), &err);
	tear_down();
}

TEST(a_job_that_kills_its_workers_is_taken_back)
{
	struct plot p = {.kill_each = true};
	int workers = 0;

	set_up(&p);
	for (; workers < STEPS_ATTEMPTS; workers++)
		CHECK_INT(work(), 'k');
	plot->kill_each = false;
	CHECK_INT(work(), 'e');
	check_ended(JOB_FAILED, "5 workers died over this job", 0);
	tear_down();
}

TEST(a_step_that_keeps_is_tried_again_and_then_left)
{
	struct plot p = {.fail = "last"};
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct err err = ERR_INIT;
	int workers = 1;

	set_up(&p);
	CHECK_INT(work(), 'n');
	plot->fail = NULL;
	CHECK_INT(work(), 'e');
	check_ended(JOB_SUCCESS, "", 4);
	tear_down();

	set_up(&p);
	while (workers <= STEPS_GIVE_UP && work() == 'n')
		workers++;
	CHECK_INT(workers, STEPS_GIVE_UP);
	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_INT(j.state, JOB_SUCCESS);
	tear_down();
}

/* A fresh job, claimed by this process, with a token. */
static void begin_here(const struct plot *p, struct store **ret_store, struct cancel *cancel,
		       struct step_context *ret)
{
	struct err err = ERR_INIT;

	set_up(p);
	CHECK_OK(store_open(store_path, ret_store, &err), &err);
	CHECK_OK(cancel_init(cancel, &err), &err);
	CHECK_OK(store_job_claim(*ret_store, 1, &err), &err);
	*ret = (struct step_context){.store = *ret_store, .job = 1, .cancel = cancel};
}

/* A token that fires during a step ends what waits in it; a job cancelled before it began makes
 * nothing. */
TEST(a_cancel_before_the_first_step_makes_nothing)
{
	struct plot p = {0};
	_cleanup_(store_closep) struct store *s = NULL;
	struct step_context c;
	struct cancel cancel;
	struct err err = ERR_INIT;

	begin_here(&p, &s, &cancel, &c);
	cancel_fire(&cancel);
	CHECK_OK(steps_run(&c, &steps, 1, &err), &err);
	step_context_release(&c);
	cancel_release(&cancel);
	CHECK_INT(plot->runs, 0);
	check_ended(JOB_CANCELLED, "", 0);
	tear_down();
}

/* Behind the point of no return nothing that waits is broken off. */
TEST(a_cancel_during_the_step_that_keeps_is_not_heard)
{
	struct plot p = {0};
	_cleanup_(store_closep) struct store *s = NULL;
	struct step_context c;
	struct cancel cancel;
	struct err err = ERR_INIT;

	begin_here(&p, &s, &cancel, &c);
	plot->fire = &cancel;
	CHECK_OK(steps_run(&c, &steps, 1, &err), &err);
	CHECK(c.cancel == &cancel);
	step_context_release(&c);
	cancel_release(&cancel);
	check_ended(JOB_SUCCESS, "", 4);
	tear_down();
}

/* Settings that cannot be read: nothing made is forgotten over them. */
TEST(a_job_that_cannot_be_worked_on_now)
{
	struct plot p = {.fail = "three", .undo_failures = 1};
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_job_ struct job j = {0};
	struct step_context c = {.job = 1};
	struct err why = ERR_INIT, err = ERR_INIT;

	err_set(&why, E_INPUT, "the settings are broken");
	set_up(&p);
	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	c.store = s;
	REQUIRE_OK(store_job_claim(s, 1, &err), &err);
	CHECK_OK(steps_refuse(&c, 1, &why, &err), &err);
	CHECK_OK(store_job_remove(s, 1, &err), &err);
	step_context_release(&c);
	store_close(TAKE(s));
	tear_down();

	set_up(&p);
	CHECK_INT(work(), 'n');
	REQUIRE_OK(store_open(store_path, &s, &err), &err);
	c = (struct step_context){.store = s, .job = 1};
	REQUIRE_OK(store_job_claim(s, 1, &err), &err);
	CHECK_INT(steps_refuse(&c, 2, &why, &err), E_INPUT);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_INT(j.state, JOB_RUNNING);
	CHECK_OK(steps_refuse(&c, STEPS_GIVE_UP, &why, &err), &err);
	job_release(&j);
	REQUIRE_OK(store_job_get(s, 1, &j, &err), &err);
	CHECK_STR(j.error, "three does not work; and what it had made by then is left");
	CHECK_INT(store_job_remove(s, 1, &err), E_INPUT);
	CHECK_OK(steps_clear(&c, &steps, &err), &err);
	CHECK_INT(count_files(), 0);
	step_context_release(&c);
	tear_down();
}

TEST_MAIN()
