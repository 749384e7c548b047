/* display/progress.c */
#include "display/progress.h"

#include "base/str.h"
#include "tests/harness.h"

static const struct progress running = {
	.what = "importing creditcard.csv",
	.unit = "bytes",
	.done = 67200000,
	.total = 150100000,
	.items = 120000,
	.item_unit = "rows",
	.detail = 2,
	.detail_unit = "bad records",
	.elapsed_ms = 3100,
};

static void check(const struct progress *p, const char *plain, const char *golden)
{
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(bundle_init(&b, &err), &err);
	REQUIRE_OK(progress_render(p, &b, &err), &err);
	CHECK_STR(json_get_str(b.data, "text/plain", NULL), plain);
	if (golden)
		CHECK_GOLDEN(golden, json_get_str(b.data, "text/html", ""));
}

TEST(running_has_a_bar)
{
	check(&running,
	      "[##########..............] importing creditcard.csv: 120,000 rows, "
	      "67.2 of 150.1 MB (44 %), 2 bad records \u00B7 3.10 s",
	      "display/progress-running.html");
}

TEST(finished_is_one_line)
{
	struct progress p = running;

	p.finished = true;
	p.done = p.total;
	p.items = 284807;
	p.detail = 1;
	p.elapsed_ms = 12345;
	check(&p, "importing creditcard.csv: 284,807 rows, 150.1 MB, 1 bad record \u00B7 12.3 s",
	      "display/progress-finished.html");
}

TEST(failed_says_where_it_stopped)
{
	struct progress p = running;

	p.failed = true;
	p.detail_unit = NULL;
	p.what = "importing <b>&.csv\x1B";
	check(&p,
	      "importing <b>&.csv\u241B: stopped after 120,000 rows, 67.2 of 150.1 MB (44 %) \u00B7 "
	      "3.10 s",
	      "display/progress-failed.html");
}

TEST(without_a_total_there_is_no_bar)
{
	struct progress p = {.what = "reading", .unit = "rows", .done = 1, .elapsed_ms = 500};

	check(&p, "reading: 1 row \u00B7 0.50 s", NULL);
}

TEST(a_source_that_grew_is_not_more_than_all)
{
	struct progress p = {.what = "reading", .unit = "rows", .done = 30, .total = 20};

	check(&p, "[########################] reading: 30 of 20 rows (100 %) \u00B7 0.00 s", NULL);
	p.done = 19;
	p.total = UINT64_MAX;
	check(&p,
	      "[........................] reading: 19 of 18,446,744,073,709,551,615 rows (0 %) "
	      "\u00B7 0.00 s",
	      NULL);
}

TEST_MAIN()
