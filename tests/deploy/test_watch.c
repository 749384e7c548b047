/* deploy/watch.c */
#include "deploy/watch.h"

#include "base/str.h"
#include "deploy/store.h"
#include "tests/harness.h"

TEST(a_cancel_in_the_store_fires_the_token)
{
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", test_dir());
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_(watch_stopp) struct watch *w = NULL;
	json_auto_t *request = json_object();
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = "",
			      .app = "a",
			      .user = "",
			      .request = request};
	struct cancel cancel;
	struct err err = ERR_INIT;
	int64_t id = 0;

	REQUIRE_OK(store_open(path, &s, &err), &err);
	REQUIRE_OK(store_job_add(s, &job, &id, &err), &err);
	REQUIRE_OK(store_job_claim(s, id, &err), &err);
	REQUIRE_OK(cancel_init(&cancel, &err), &err);
	REQUIRE_OK(watch_start(path, id, &cancel, &w, &err), &err);
	CHECK_INT(cancel_wait_fd(&cancel, -1, 0, 600, &err), E_TIMEOUT);
	CHECK_OK(store_job_cancel(s, id, &err), &err);
	CHECK_INT(cancel_wait_fd(&cancel, -1, 0, 10000, &err), E_CANCEL);
	watch_stop(TAKE(w));
	cancel_release(&cancel);
}

TEST(it_ends_with_its_owner)
{
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", test_dir());
	struct watch *w = NULL;
	struct cancel cancel;
	struct err err = ERR_INIT;

	REQUIRE_OK(cancel_init(&cancel, &err), &err);
	REQUIRE_OK(watch_start(path, 1, &cancel, &w, &err), &err); /* no such job: says nothing */
	watch_stop(w);
	CHECK(!cancel_fired(&cancel));
	cancel_release(&cancel);
}

TEST_MAIN()
