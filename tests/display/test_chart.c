/* display/chart.c */
#include "display/table-int.h"

#include "tests/display/sample.h"

#include <math.h>

TEST(two_numbers_are_a_folded_pie)
{
	sample_golden(sample_pie(CHART_AUTO), "pie");
}

TEST(twelve_slices_open)
{
	sample_golden(sample_twelve(CHART_PIE), "pie-twelve");
}

TEST(bars)
{
	sample_golden(sample_twelve(CHART_BAR), "bars");
}

TEST(none_is_none)
{
	_cleanup_(table_freep) struct table *t = sample_pie(CHART_NONE);
	_cleanup_free_ char *html = sample_render(t, "text/html");

	CHECK(!strstr(html, "<details"));
}

#define TWO_INTS                                                                                   \
	{                                                                                          \
		COL("A", VALUE_INTEGER), COL("B", VALUE_INTEGER)                                   \
	}

TEST(value_is_the_last_number_and_label_the_other)
{
	static const struct {
		struct column columns[2];
		const char *label;
	} cases[] = {
		{TWO_INTS, "A"},
		{{COL("A", VALUE_BIGINT), COL("B", VALUE_VARCHAR)}, "B"},
		{{COL("A", VALUE_DOUBLE), COL("B", VALUE_INTEGER)}, NULL},
		{{COL("A", VALUE_BOOLEAN), COL("B", VALUE_DOUBLE)}, "A"},
		{{COL("A", VALUE_DATE), COL("B", VALUE_DECIMAL)}, "A"},
		{{COL("A", VALUE_BLOB), COL("B", VALUE_DOUBLE)}, NULL},
		{{COL("A", VALUE_VARCHAR), COL("B", VALUE_VARCHAR)}, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct value row[2];
		struct value rows[4];
		struct chart c = {0};
		struct err err = ERR_INIT;
		_cleanup_(table_freep) struct table *t = NULL;

		for (int k = 0; k < 2; k++) {
			row[k] = (struct value){.type = cases[i].columns[k].type};
			if (row[k].type == VALUE_DOUBLE)
				row[k].d = 1;
			else if (row[k].type <= VALUE_BIGINT)
				row[k].i = 1;
			else
				row[k].s = (__typeof__(row[k].s)){"1", 1};
		}
		memcpy(rows, row, sizeof(row));
		memcpy(rows + 2, row, sizeof(row));
		t = sample_table(cases[i].columns, 2, rows, 2, NULL);
		CHECK_INT(chart_of_table(t, &c, &err), cases[i].label != NULL);
		if (cases[i].label)
			CHECK_STR(c.label_name, cases[i].label);
	}
}

/* A table of n rows (label i, value v[i]) asked to be a pie. */
static int ask_pie(const double *v, size_t n, struct err *err)
{
	static const struct column columns[] = {COL("K", VALUE_INTEGER), COL("V", VALUE_DOUBLE)};
	struct table_options o = {.chart = CHART_PIE};
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_bundle_ struct bundle b = {0};

	CHECK_OK(table_new(columns, 2, &o, &t, err), err);
	for (size_t i = 0; i < n; i++) {
		struct value row[] = {V_I(VALUE_INTEGER, (int64_t)i), V_D(v[i])};

		row[1].null = v[i] == 77;
		CHECK_OK(table_add(t, row, err), err);
	}
	CHECK_OK(bundle_init(&b, err), err);
	return table_render(t, &b, err);
}

TEST(what_does_not_fit_says_why)
{
	static const struct {
		double v[13];
		size_t n;
		const char *why;
	} cases[] = {
		{{1, -2}, 2, "a value is negative"},
		{{0, 0}, 2, "its values are all 0"},
		{{1, 77}, 2, "a value is NULL or too long"},
		{{1, NAN}, 2, "a value is not a finite number"},
		{{1e308, 1e308}, 2, "its sum is too large"},
		{{1}, 1, "it has 1 row"},
		{{0}, 0, "it has 0 rows"},
		{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 13, "it has 13 rows"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		CHECK_INT(ask_pie(cases[i].v, cases[i].n, &err), E_INPUT);
		CHECK(str_starts(err.text, "this result cannot be shown as a pie chart: "));
		CHECK(str_ends_ci(err.text, cases[i].why));
		CHECK(strstr(err.hint, "two columns"));
	}
}

TEST(too_many_columns_say_so)
{
	_cleanup_(table_freep) struct table *t = sample_wide(3, 10);
	struct err err = ERR_INIT;
	struct chart c;

	t->chart = CHART_BAR;
	CHECK_INT(chart_of_table(t, &c, &err), E_INPUT);
	CHECK_STR(err.text, "this result cannot be shown as a bar chart: it has 31 columns");
	t->chart = CHART_AUTO;
	CHECK_INT(chart_of_table(t, &c, &err), 0);
}

TEST(rows_that_were_not_seen_are_not_charted)
{
	_cleanup_(table_freep) struct table *t = sample_pie(CHART_AUTO);
	struct err err = ERR_INIT;
	struct chart c;

	CHECK_INT(chart_of_table(t, &c, &err), 1);
	table_add_unseen(t, 1);
	CHECK_INT(chart_of_table(t, &c, &err), 0);
}

TEST(shares_have_the_digits_they_need)
{
	static const struct {
		double v[2];
		int decimals;
	} cases[] = {
		{{50, 50}, 0},
		{{2, 1}, 1},
		{{284315, 492}, 2},
		{{1e9, 1}, 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const struct column columns[] = {COL("K", VALUE_INTEGER),
							COL("V", VALUE_DOUBLE)};
		struct value rows[] = {V_I(VALUE_INTEGER, 0), V_D(cases[i].v[0]),
				       V_I(VALUE_INTEGER, 1), V_D(cases[i].v[1])};
		_cleanup_(table_freep) struct table *t = sample_table(columns, 2, rows, 2, NULL);
		struct err err = ERR_INIT;
		struct chart c;

		CHECK_INT(chart_of_table(t, &c, &err), 1);
		CHECK_INT(c.decimals, cases[i].decimals);
	}
}

TEST_MAIN()
