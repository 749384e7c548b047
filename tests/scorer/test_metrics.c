/* scorer/metrics.c */
#include "scorer/metrics.h"

#include "base/limits.h"
#include "tests/harness.h"

static char *text_of(struct metrics *m)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	metrics_write(m, &b);
	return buf_take_str(&b);
}

TEST(counters_add_up)
{
	_cleanup_(metrics_release) struct metrics m = {0};
	_cleanup_free_ char *text = NULL;
	struct variant_metrics *v;

	metrics_init(&m);
	v = metrics_of(&m, "a");
	REQUIRE(v);
	metrics_count(v, 3, /* failed= */ false, 90);
	metrics_count(v, 0, /* failed= */ true, 240);
	metrics_count(v, 5, /* failed= */ false, 99000000);
	text = text_of(&m);
	CHECK(strstr(text, "\nsplice_scorer_requests_total{variant=\"a\"} 3\n"));
	CHECK(strstr(text, "\nsplice_scorer_rows_total{variant=\"a\"} 8\n"));
	CHECK(strstr(text, "\nsplice_scorer_errors_total{variant=\"a\"} 1\n"));
	CHECK(strstr(text, "_bucket{variant=\"a\",le=\"0.0001\"} 1\n"));
	CHECK(strstr(text, "_bucket{variant=\"a\",le=\"0.00025\"} 2\n"));
	CHECK(strstr(text, "_bucket{variant=\"a\",le=\"10\"} 2\n"));
	CHECK(strstr(text, "_bucket{variant=\"a\",le=\"+Inf\"} 3\n"));
	CHECK(strstr(text, "latency_seconds_sum{variant=\"a\"} 99.000330\n"));
	CHECK(strstr(text, "latency_seconds_count{variant=\"a\"} 3\n"));
}

TEST(a_name_keeps_its_counters)
{
	_cleanup_(metrics_release) struct metrics m = {0};
	struct variant_metrics *a;

	metrics_init(&m);
	a = metrics_of(&m, "a");
	CHECK(metrics_of(&m, "b") != a);
	CHECK(metrics_of(&m, "a") == a);
}

/* Every sample has a HELP and a TYPE, once. */
TEST(the_text_is_what_prometheus_reads)
{
	_cleanup_(metrics_release) struct metrics m = {0};
	_cleanup_free_ char *text = NULL;
	size_t types = 0, helps = 0;

	metrics_init(&m);
	CHECK(metrics_of(&m, "a") != NULL);
	text = text_of(&m);
	for (const char *p = text; (p = strstr(p, "# TYPE ")); p++)
		types++;
	for (const char *p = text; (p = strstr(p, "# HELP ")); p++)
		helps++;
	CHECK_INT(types, 9);
	CHECK_INT(helps, 9);
	CHECK(text[strlen(text) - 1] == '\n');
}

TEST_MAIN()
