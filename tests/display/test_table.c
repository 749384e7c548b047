/* display/table.c */
#include "display/table-int.h"

#include "base/limits.h"
#include "tests/display/sample.h"

static const struct column one_text[] = {COL("T", VALUE_VARCHAR)};

static char *count_line(const struct table *t, uint64_t shown, const char *why)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 1u << 16);
	table_count_line(&b, t, shown, why);
	return buf_take_str(&b);
}

#define CHECK_LINE(t, shown, why, want)                                                            \
	do {                                                                                       \
		_cleanup_free_ char *line_ = count_line(t, shown, why);                            \
		CHECK_STR(line_, want);                                                            \
	} while (0)

TEST(the_first_rows_are_kept_and_all_are_counted)
{
	struct table_options o = {.keep = 3};
	_cleanup_(table_freep) struct table *t = sample_table(one_text, 1, NULL, 0, &o);
	struct err err = ERR_INIT;

	for (int i = 0; i < 10; i++) {
		char text[] = {(char)('a' + i)};
		struct value v = {.type = VALUE_VARCHAR, .s = {text, 1}};

		REQUIRE_OK(table_add(t, &v, &err), &err);
	}
	CHECK_INT(table_rows(t), 10);
	CHECK_INT(t->n_rows, 3);
	CHECK_MEM(table_text(t, table_cell(t, 2, 0)), (size_t)1, "c", (size_t)1);
	table_add_unseen(t, 284797);
	CHECK_INT(table_rows(t), 284807);
	CHECK_LINE(t, 3, NULL, "3 of 284,807 rows \u00B7 1 column");
}

TEST(count_line)
{
	struct table_options o = {.note = "0.24 s"};
	_cleanup_(table_freep) struct table *t = sample_table(one_text, 1, NULL, 0, &o);
	struct err err = ERR_INIT;

	CHECK_LINE(t, 0, " (why)", "0 rows \u00B7 1 column \u00B7 0.24 s");
	CHECK_OK(table_set_note(t, "1.5\u202E\n s", &err), &err);
	table_add_unseen(t, 1);
	CHECK_LINE(t, 1, NULL, "1 row \u00B7 1 column \u00B7 1.5\u2039U+202E\u203A\u240A s");
	CHECK_OK(table_set_note(t, NULL, &err), &err);
	CHECK_LINE(t, 0, " (why)", "0 of 1 row (why) \u00B7 1 column");
}

TEST(more_columns_than_can_be_shown_are_counted)
{
	enum { N = 1500 };
	struct column *columns = calloc(N, sizeof(*columns));
	struct value *row = calloc(N, sizeof(*row));
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_free_ char *html = NULL;

	REQUIRE(columns && row);
	for (size_t i = 0; i < N; i++) {
		columns[i] = (struct column)COL("C", VALUE_INTEGER);
		row[i] = (struct value)V_I(VALUE_INTEGER, 7);
	}
	t = sample_table(columns, N, row, 1, NULL);
	free(columns);
	free(row);
	html = sample_render(t, "text/html");
	CHECK(strstr(html, ">1 row \u00B7 1,012 of 1,500 columns<"));
}

TEST(columns_without_names_or_types)
{
	static const struct column columns[] = {{.type = VALUE_BIGINT}};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 1, NULL, 0, NULL);

	CHECK_STR(t->columns[0].name, "");
	CHECK_STR(t->columns[0].type_name, "BIGINT");
}

TEST(no_columns_at_all)
{
	_cleanup_(table_freep) struct table *t = sample_table(NULL, 0, NULL, 0, NULL);
	_cleanup_free_ char *plain = sample_render(t, "text/plain");
	struct err err = ERR_INIT;

	CHECK_STR(plain, "0 rows \u00B7 0 columns\n");
	for (int i = 0; i < 100; i++)
		CHECK_OK(table_add(t, NULL, &err), &err);
	CHECK_INT(table_rows(t), 100);
}

/* Memory does not follow the result: rows that cannot be shown are not kept. */
TEST(kept_text_is_capped)
{
	struct table_options o = {.keep = 100000, .cell_chars = 1u << 20};
	_cleanup_(table_freep) struct table *t = sample_table(one_text, 1, NULL, 0, &o);
	_cleanup_free_ char *big = malloc(1u << 20);
	_cleanup_free_ char *html = NULL;
	struct value v = {.type = VALUE_VARCHAR};
	struct err err = ERR_INIT;

	REQUIRE(big);
	memset(big, 'x', 1u << 20);
	v.s.p = big;
	v.s.n = 1u << 20;
	for (int i = 0; i < 20; i++)
		REQUIRE_OK(table_add(t, &v, &err), &err);
	v.s.n = 1; /* later ones that would fit do not jump the queue */
	REQUIRE_OK(table_add(t, &v, &err), &err);
	CHECK_INT(t->n_rows, 8);
	CHECK(t->text.len <= LIMIT_DISPLAY_HTML);
	html = sample_render(t, "text/html");
	CHECK(strstr(html, ">7 of 21 rows (as many as fit) \u00B7 1 column<"));
	CHECK(strlen(html) < LIMIT_DISPLAY_HTML + KIB(4));
}

TEST(a_single_value_that_is_too_large)
{
	struct table_options o = {.cell_chars = SIZE_MAX};
	_cleanup_(table_freep) struct table *t = sample_table(one_text, 1, NULL, 0, &o);
	_cleanup_free_ char *big = calloc(1, LIMIT_DISPLAY_HTML + 1);
	_cleanup_free_ char *html = NULL;
	struct value v = {.type = VALUE_VARCHAR, .s = {big, LIMIT_DISPLAY_HTML + 1}};
	struct err err = ERR_INIT;

	REQUIRE(big);
	REQUIRE_OK(table_add(t, &v, &err), &err);
	CHECK_INT(table_rows(t), 1);
	html = sample_render(t, "text/html");
	CHECK(strstr(html, ">0 of 1 row (as many as fit) \u00B7 1 column<"));
}

TEST(rendering_twice_is_the_same)
{
	_cleanup_(table_freep) struct table *t = sample_twelve(CHART_AUTO);
	_cleanup_free_ char *first = sample_render(t, "text/html");
	_cleanup_free_ char *second = sample_render(t, "text/html");

	CHECK_STR(first, second);
}

TEST(a_bundle_stays_as_it_was_when_rendering_fails)
{
	_cleanup_(table_freep) struct table *t = sample_wide(3, 3);
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;

	t->chart = CHART_PIE;
	REQUIRE_OK(bundle_init(&b, &err), &err);
	CHECK_INT(table_render(t, &b, &err), E_INPUT);
	CHECK_INT(json_object_size(b.data), 0);
}

TEST_MAIN()
