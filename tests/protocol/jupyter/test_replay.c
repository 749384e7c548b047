/* protocol/jupyter/replay.c */
#include "protocol/jupyter/replay.h"

#include "tests/harness.h"

TEST(seen_once_is_refused)
{
	struct replay r = {0};
	struct err err = ERR_INIT;

	CHECK_INT(replay_add(&r, 7, &err), 1);
	CHECK_INT(replay_add(&r, 7, &err), 0);
	CHECK_INT(replay_add(&r, 0, &err), 1);
	CHECK_INT(replay_add(&r, 0, &err), 0);
	replay_release(&r);
}

TEST(at_least_a_generation_is_remembered_and_memory_is_bounded)
{
	struct replay r = {0};
	struct err err = ERR_INIT;
	uint64_t n = 5 * REPLAY_GENERATION + 17;

	for (uint64_t i = 1; i <= n; i++)
		REQUIRE(replay_add(&r, i * 0x9E3779B97F4A7C15ULL, &err) == 1);
	for (uint64_t i = n - REPLAY_GENERATION + 1; i <= n; i++)
		REQUIRE(replay_add(&r, i * 0x9E3779B97F4A7C15ULL, &err) == 0);
	CHECK(r.now.n_slots <= 2 * REPLAY_GENERATION && r.before.n_slots <= 2 * REPLAY_GENERATION);
	CHECK_INT(replay_add(&r, 0x9E3779B97F4A7C15ULL, &err), 1); /* long forgotten */
	replay_release(&r);
}

TEST_MAIN()
