/* base/backoff.c */
#include "base/backoff.h"

#include "base/clock.h"

#include "tests/harness.h"

static int64_t waited(int first_ms, int max_ms, int tries)
{
	struct err err = ERR_INIT;
	int64_t before = clock_ms();

	CHECK_OK(backoff_wait(first_ms, max_ms, tries, NULL, &err), &err);
	return clock_ms() - before;
}

TEST(waits_double_up_to_the_cap)
{
	CHECK(waited(20, 1000, 1) >= 10);
	CHECK(waited(20, 1000, 3) >= 40);
	CHECK(waited(20, 60, 30) >= 30);
	CHECK(waited(20, 60, 30) < 1000);
}

TEST(fired_token_ends_the_wait)
{
	struct err err = ERR_INIT;
	struct cancel c;
	int64_t before = clock_ms();

	REQUIRE_OK(cancel_init(&c, &err), &err);
	cancel_fire(&c);
	CHECK_INT(backoff_wait(60000, 60000, 1, &c, &err), E_CANCEL);
	CHECK_INT(backoff_sleep(60000, &c, &err), E_CANCEL);
	CHECK_STR(err.name, "KeyboardInterrupt");
	CHECK(clock_ms() - before < 30000);
	cancel_release(&c);
}

TEST_MAIN()
