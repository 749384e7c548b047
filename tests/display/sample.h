/* Tables to render in the tests of display/. */
#ifndef TESTS_DISPLAY_SAMPLE_H
#define TESTS_DISPLAY_SAMPLE_H

#include "base/str.h"
#include "display/table.h"
#include "tests/harness.h"

#define COL(n, t)                                                                                  \
	{                                                                                          \
		.name = (char *)(uintptr_t)(n), .type = (t)                                        \
	}
#define COL_AS(n, t, tn)                                                                           \
	{                                                                                          \
		.name = (char *)(uintptr_t)(n), .type = (t), .type_name = (char *)(uintptr_t)(tn)  \
	}
#define V_NULL(t)                                                                                  \
	{                                                                                          \
		.type = (t), .null = true                                                          \
	}
#define V_I(t, v)                                                                                  \
	{                                                                                          \
		.type = (t), .i = (v)                                                              \
	}
#define V_D(v)                                                                                     \
	{                                                                                          \
		.type = VALUE_DOUBLE, .d = (v)                                                     \
	}
#define V_S(t, v)                                                                                  \
	{                                                                                          \
		.type = (t), .s = {(v), sizeof(v) - 1 }                                            \
	}
#define V_TEXT(v) V_S(VALUE_VARCHAR, v)

/* rows: n_rows * n_columns values. */
static inline struct table *sample_table(const struct column *columns, size_t n_columns,
					 const struct value *rows, size_t n_rows,
					 const struct table_options *options)
{
	struct table *t = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(table_new(columns, n_columns, options, &t, &err), &err);
	if (!t)
		abort();
	for (size_t i = 0; i < n_rows; i++)
		CHECK_OK(table_add(t, rows + i * n_columns, &err), &err);
	return t;
}

/* One rendered MIME type; the caller frees. */
static inline char *sample_render(const struct table *t, const char *mime)
{
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;
	const char *text = NULL;

	CHECK_OK(bundle_init(&b, &err), &err);
	CHECK_OK(table_render(t, &b, &err), &err);
	text = json_get_str(b.data, mime, "");
	return str_dup(text);
}

/* Compare both forms with display/NAME.html and .txt.  Takes t. */
static inline void sample_golden(struct table *t, const char *name)
{
	static const char *const forms[][2] = {{"html", "text/html"}, {"txt", "text/plain"}};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *text = sample_render(t, forms[i][1]);
		_cleanup_free_ char *file = str_fmt("display/%s.%s", name, forms[i][0]);

		CHECK_GOLDEN(file, text);
	}
	table_free(t);
}

static inline struct table *sample_pie(enum chart_kind chart)
{
	static const struct column columns[] = {COL("CLASS_RESULT", VALUE_INTEGER),
						COL("2", VALUE_BIGINT)};
	static const struct value rows[] = {
		V_I(VALUE_INTEGER, 0),
		V_I(VALUE_BIGINT, 284315),
		V_I(VALUE_INTEGER, 1),
		V_I(VALUE_BIGINT, 492),
	};
	struct table_options o = {.chart = chart, .note = "0.24 s"};

	return sample_table(columns, 2, rows, 2, &o);
}

/* Twelve labelled numbers, some tiny, one empty, two with odd labels. */
static inline struct table *sample_twelve(enum chart_kind chart)
{
	static const struct column columns[] = {COL_AS("KIND", VALUE_VARCHAR, "VARCHAR(40)"),
						COL_AS("AMOUNT", VALUE_DECIMAL, "DECIMAL(12,2)")};
	static const struct value rows[] = {
		V_TEXT("groceries"),
		V_S(VALUE_DECIMAL, "120345.10"),
		V_TEXT("travel"),
		V_S(VALUE_DECIMAL, "98000.00"),
		V_TEXT("electronics and computers, refurbished"),
		V_S(VALUE_DECIMAL, "76500.25"),
		V_TEXT("fuel"),
		V_S(VALUE_DECIMAL, "30412.00"),
		V_TEXT("rent"),
		V_S(VALUE_DECIMAL, "29000.00"),
		V_TEXT("restaurants"),
		V_S(VALUE_DECIMAL, "12000.00"),
		V_TEXT("\xE5\x8C\xBB\xE7\x96\x97\xE4\xBF\x9D\xE5\x81\xA5"),
		V_S(VALUE_DECIMAL, "9100.00"),
		V_TEXT("gifts"),
		V_S(VALUE_DECIMAL, "800.00"),
		V_TEXT("fees & fines"),
		V_S(VALUE_DECIMAL, "512.10"),
		V_TEXT("<other>"),
		V_S(VALUE_DECIMAL, "410.00"),
		V_TEXT("none"),
		V_S(VALUE_DECIMAL, "0.00"),
		V_NULL(VALUE_VARCHAR),
		V_S(VALUE_DECIMAL, "12.40"),
	};
	struct table_options o = {.chart = chart, .title = "Spending", .note = "0.03 s"};

	return sample_table(columns, 2, rows, 12, &o);
}

/* The tutorial's table: 31 columns, `rows` rows of invented numbers. */
static inline struct table *sample_wide(size_t rows, size_t keep)
{
	enum { N = 31 };
	static char names[N][16];
	struct column columns[N] = {0};
	struct value row[N] = {0};
	struct table_options o = {.keep = keep, .note = "0.24 s"};
	struct table *t = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "V%zu", i);
		columns[i] = (struct column){.name = names[i], .type = VALUE_DOUBLE};
	}
	columns[0] = (struct column)COL("TIME_OFFSET", VALUE_INTEGER);
	columns[29] = (struct column)COL_AS("AMOUNT", VALUE_DECIMAL, "DECIMAL(10,2)");
	columns[30] = (struct column)COL("CLASS_RESULT", VALUE_INTEGER);
	CHECK_OK(table_new(columns, N, &o, &t, &err), &err);
	if (!t)
		abort();
	for (size_t r = 0; r < rows; r++) {
		row[0] = (struct value)V_I(VALUE_INTEGER, (int64_t)r);
		for (size_t i = 1; i < 29; i++)
			row[i] = (struct value)V_D(
				(double)((r * 7919 + i * 104729) % 20011) / 7001 - 1.4);
		row[29] = (struct value)V_S(VALUE_DECIMAL, "149.62");
		row[30] = (struct value)V_I(VALUE_INTEGER, r % 577 == 0);
		CHECK_OK(table_add(t, row, &err), &err);
	}
	return t;
}

#endif
