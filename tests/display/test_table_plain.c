/* display/table-plain.c */
#include "display/table-int.h"

#include "display/text-int.h"
#include "tests/display/sample.h"

static void golden(struct table *t, const char *name)
{
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK_GOLDEN(name, text);
	table_free(t);
}

/* The widest line, in terminal columns. */
static size_t widest_line(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n"), width = text_width(text, n);

		most = width > most ? width : most;
		CHECK(n == 0 || text[n - 1] != ' ');
		text += n + (text[n] == '\n');
	}
	return most;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

TEST(a_wide_table_is_cut_into_groups)
{
	struct table *t = sample_wide(1000, 1000);
	_cleanup_free_ char *text = NULL;

	table_add_unseen(t, 283807);
	text = sample_render(t, "text/plain");
	CHECK(widest_line(text) <= 80);
	CHECK(lines(text) <= 130);
	golden(t, "display/wide-groups.txt");
}

TEST(a_wide_row_is_a_list)
{
	golden(sample_wide(1, 1000), "display/wide-one-row.txt");
}

TEST(two_wide_rows_are_two_lists)
{
	_cleanup_(table_freep) struct table *t = sample_wide(2, 1000);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK(strstr(text, "\n\u2500\u2500 row 1 \u2500\u2500\n TIME_OFFSET   0\n V1 "));
	CHECK(strstr(text, "\n\u2500\u2500 row 2 \u2500\u2500\n"));
	CHECK_INT(lines(text), 1 + 2 * 32);
}

TEST(a_long_table_stops_after_a_screen_or_two)
{
	static const struct column columns[] = {COL("N", VALUE_INTEGER), COL("SQ", VALUE_BIGINT)};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 2, NULL, 0, NULL);
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	for (int64_t i = 0; i < 100; i++) {
		struct value row[] = {V_I(VALUE_INTEGER, i), V_I(VALUE_BIGINT, i * i)};

		REQUIRE_OK(table_add(t, row, &err), &err);
	}
	text = sample_render(t, "text/plain");
	CHECK(str_starts(text, "60 of 100 rows \u00B7 2 columns\n"));
	CHECK_INT(lines(text), 63);
}

TEST(texts_are_cut_until_the_grid_fits)
{
	static const struct column columns[] = {COL("A", VALUE_VARCHAR), COL("B", VALUE_CLOB),
						COL("N", VALUE_INTEGER)};
	static const struct value rows[] = {
		V_TEXT("a short one"),
		V_S(VALUE_CLOB,
		    "Quidquid latine dictum sit, altum videtur, and so on and so forth"),
		V_I(VALUE_INTEGER, 1),
		V_NULL(VALUE_VARCHAR),
		V_S(VALUE_CLOB,
		    "\u65E5\u672C\u8A9E\u306E\u30C6\u30AD\u30B9\u30C8\u65E5\u672C\u8A9E\u306E"
		    "\u30C6\u30AD\u30B9\u30C8\u65E5\u672C\u8A9E\u306E\u30C6\u30AD\u30B9\u30C8"),
		V_I(VALUE_INTEGER, -20),
		V_TEXT("two\nlines\tand \x1B[31m\u202Ered"),
		V_S(VALUE_CLOB, ""),
		V_NULL(VALUE_INTEGER),
	};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 3, rows, 3, NULL);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK(widest_line(text) <= 80);
	CHECK_GOLDEN("display/cut.txt", text);
}

TEST(one_row_is_not_cut_to_fit)
{
	static const char path[] = "/home/ann/bad/creditcard.csv.bad_d81dd4be3f4c1b2a_0";
	static const struct column columns[] = {COL("rowsImported", VALUE_BIGINT),
						COL("failedRows", VALUE_BIGINT),
						COL("failedLog", VALUE_VARCHAR)};
	static const struct value rows[] = {V_I(VALUE_BIGINT, 284807), V_I(VALUE_BIGINT, 1),
					    V_TEXT(path)};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 3, rows, 1, NULL);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK(strstr(text,
		     "\n failedLog     /home/ann/bad/creditcard.csv.bad_d81dd4be3f4c1b2a_0\n"));
}

TEST(a_single_column_is_never_cut)
{
	static const struct column columns[] = {COL("PLAN", VALUE_VARCHAR)};
	static const struct value rows[] = {
		V_TEXT("Cursor(n=5,rows=20,updateMode=READ_ONLY (1),engine=OLTP (default))"),
		V_TEXT("  ->  ScrollInsensitive(n=4,totalCost=8.34,outputRows=20,outputHeapSize=0 B,"
		       "partitions=1)"),
		V_TEXT("    ->  TableScan[CC_FRAUD_DATA(1600)](n=2,totalCost=4.04,scannedRows=20)"),
	};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 1, rows, 3, NULL);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK_GOLDEN("display/plan.txt", text);
}

TEST(one_long_text_keeps_its_lines)
{
	static const struct column columns[] = {COL("DDL", VALUE_CLOB)};
	static const struct value rows[] = {
		V_S(VALUE_CLOB, "CREATE TABLE \"CC_FRAUD\".\"T\" (\n\"A\" INTEGER NOT NULL,\n"
				"\"B\" VARCHAR(20)\n, CONSTRAINT SQL1 PRIMARY KEY(\"A\"));\n")};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 1, rows, 1, NULL);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK_GOLDEN("display/ddl.txt", text);
}

TEST(a_value_cut_by_the_table_says_its_length)
{
	static const struct column columns[] = {COL("A", VALUE_VARCHAR), COL("B", VALUE_INTEGER)};
	static const struct value rows[] = {V_TEXT("0123456789abcdef"), V_I(VALUE_INTEGER, 1)};
	struct table_options o = {.cell_chars = 10};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 2, rows, 1, &o);
	_cleanup_free_ char *text = sample_render(t, "text/plain");

	CHECK(strstr(text, " 0123456789\u2026(16) \u2502 1\n"));
}

TEST(many_groups_still_show_some_rows)
{
	enum { N = 300 };
	struct column *columns = calloc(N, sizeof(*columns));
	struct value *row = calloc(N, sizeof(*row));
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE(columns && row);
	for (size_t i = 0; i < N; i++) {
		columns[i] = (struct column)COL("A_RATHER_LONG_COLUMN_NAME_INDEED", VALUE_INTEGER);
		row[i] = (struct value)V_I(VALUE_INTEGER, 7);
	}
	t = sample_table(columns, N, row, 1, NULL);
	for (int i = 0; i < 20; i++)
		CHECK_OK(table_add(t, row, &err), &err);
	free(columns);
	free(row);
	text = sample_render(t, "text/plain");
	CHECK(str_starts(text, "5 of 21 rows \u00B7 300 columns\n"));
	CHECK(widest_line(text) <= 80);
}

TEST_MAIN()
