#include "notebook/convert.h"

#include "base/str.h"
#include "tests/harness.h"

static const char *const texts[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

/* A converter of one column and one field through it; "flaw" or the value as text. */
static void check(struct column column, const char *field, bool quoted, const char *expected)
{
	_cleanup_(convert_freep) struct convert *c = NULL;
	struct convert_options options = {0};
	struct csv_field f = {field, strlen(field), quoted};
	struct csv_record record = {.fields = &f, .n_fields = 1};
	const struct value *v = NULL;
	struct flaw flaw = {0};
	struct err err = ERR_INIT;
	char seen[FLAW_TEXT_MAX + 16];

	column.name = (char *)"C";
	column.type_name = (char *)value_type_name(column.type);
	REQUIRE_OK(convert_new(&column, 1, &options, &c, &err), &err);
	if (!convert_record(c, &record, &v, &flaw))
		(void)snprintf(seen, sizeof(seen), "%s %zu %s", flaw.state, flaw.column, flaw.text);
	else if (v->null)
		(void)snprintf(seen, sizeof(seen), "NULL");
	else if (column.type == VALUE_DOUBLE || column.type == VALUE_REAL)
		(void)snprintf(seen, sizeof(seen), "%.17g", v->d);
	else if (column.type <= VALUE_BIGINT)
		(void)snprintf(seen, sizeof(seen), "%lld", (long long)v->i);
	else
		(void)snprintf(seen, sizeof(seen), "%.*s", (int)v->s.n, v->s.p);
	CHECK_STR(seen, expected);
}

TEST(values)
{
	check((struct column){.type = VALUE_INTEGER}, "1e+05", false, "100000");
	check((struct column){.type = VALUE_BIGINT}, "-9223372036854775808", false,
	      "-9223372036854775808");
	check((struct column){.type = VALUE_DOUBLE}, "-1.5", false, "-1.5");
	check((struct column){.type = VALUE_REAL}, "0.5", true, "0.5");
	check((struct column){.type = VALUE_DECIMAL, .precision = 10, .scale = 2}, "149.6", false,
	      "149.60");
	check((struct column){.type = VALUE_VARCHAR, .length = 10}, "é, x", true, "é, x");
	check((struct column){.type = VALUE_DATE}, "2026-01-31", false, "2026-01-31");
	check((struct column){.type = VALUE_TIME}, "01:02:03", false, "01:02:03");
	check((struct column){.type = VALUE_TIMESTAMP}, "2026-01-31 01:02:03.5", false,
	      "2026-01-31 01:02:03.5");
	check((struct column){.type = VALUE_BOOLEAN}, "TRUE", false, "1");
	check((struct column){.type = VALUE_BOOLEAN}, "f", false, "0");
}

TEST(nulls)
{
	check((struct column){.type = VALUE_INTEGER, .nullable = true}, "", false, "NULL");
	check((struct column){.type = VALUE_INTEGER, .nullable = true}, "", true, "NULL");
	check((struct column){.type = VALUE_VARCHAR, .nullable = true}, "", false, "NULL");
	check((struct column){.type = VALUE_VARCHAR, .nullable = true}, "", true, "");
	check((struct column){.type = VALUE_VARCHAR}, "", false,
	      "23502 1 Column C cannot accept a NULL value");
}

TEST(flaws)
{
	check((struct column){.type = VALUE_INTEGER}, "Time", true,
	      "22018 1 Invalid character string format for type INTEGER");
	check((struct column){.type = VALUE_INTEGER}, "1.5", false,
	      "22018 1 Invalid character string format for type INTEGER");
	check((struct column){.type = VALUE_SMALLINT}, "40000", false,
	      "22003 1 The value is outside the range of type SMALLINT");
	check((struct column){.type = VALUE_REAL}, "1e39", false,
	      "22003 1 The value is outside the range of type REAL");
	check((struct column){.type = VALUE_REAL}, "1e-60", false,
	      "22003 1 The value is outside the range of type REAL");
	check((struct column){.type = VALUE_REAL}, "0e-60", true, "0");
	check((struct column){.type = VALUE_DECIMAL, .precision = 5, .scale = 2}, "1234.5", false,
	      "22003 1 The value is outside the range of type DECIMAL");
	check((struct column){.type = VALUE_DATE}, "2026-02-30", false,
	      "22007 1 The value does not fit the format of type DATE");
	check((struct column){.type = VALUE_BOOLEAN}, "maybe", false,
	      "22018 1 Invalid character string format for type BOOLEAN");
	check((struct column){.type = VALUE_BOOLEAN}, "long text indeed", false,
	      "22018 1 Invalid character string format for type BOOLEAN");
	check((struct column){.type = VALUE_VARCHAR}, "caf\xE9", false,
	      "22021 1 Byte 0xE9 (number 4 of column C) is not valid in the file's charset");
}

static bool convert_n(size_t n_fields, enum csv_flaw shape, struct flaw *flaw)
{
	static const struct column columns[3] = {
		{.name = (char *)"A", .type = VALUE_VARCHAR, .type_name = (char *)"VARCHAR"},
		{.name = (char *)"B", .type = VALUE_VARCHAR, .type_name = (char *)"VARCHAR"},
		{.name = (char *)"C", .type = VALUE_VARCHAR, .type_name = (char *)"VARCHAR"},
	};
	_cleanup_(convert_freep) struct convert *c = NULL;
	struct convert_options options = {0};
	struct csv_field f[4];
	struct csv_record record = {.fields = f, .n_fields = n_fields, .flaw = shape, .raw_n = 9};
	const struct value *v;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 4; i++)
		f[i] = (struct csv_field){texts[i], i < 3, false}; /* the fourth is empty */
	if (convert_new(columns, 3, &options, &c, &err) < 0)
		return false;
	return convert_record(c, &record, &v, flaw);
}

TEST(shapes)
{
	struct flaw flaw = {0};

	CHECK(convert_n(3, CSV_GOOD, &flaw));
	CHECK(convert_n(4, CSV_GOOD, &flaw));
	CHECK(!convert_n(2, CSV_GOOD, &flaw));
	CHECK_STR(flaw.text, "The record has 2 columns, the table takes 3");
	CHECK_STR(flaw.state, "XIE0A");
	CHECK(!convert_n(3, CSV_OPEN_QUOTE, &flaw));
	CHECK_STR(flaw.state, "XIE0J");
	CHECK(!convert_n(3, CSV_AFTER_QUOTE, &flaw));
	CHECK_STR(flaw.state, "XIE09");
	CHECK(!convert_n(0, CSV_TOO_LONG, &flaw));
	CHECK_STR(flaw.state, "XIE0R");
}

TEST(refused_columns)
{
	struct column column = {.name = (char *)"PHOTO",
				.type = VALUE_BLOB,
				.type_name = (char *)"BLOB"};
	struct convert_options options = {.date_format = "QQ"};
	struct convert *c = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(convert_new(&column, 1, &(struct convert_options){0}, &c, &err), E_UNSUPPORTED);
	CHECK_STR(err.text, "column PHOTO: a file cannot fill a column of type BLOB");
	CHECK_INT(convert_new(&column, 1, &options, &c, &err), E_INPUT);
}

TEST_MAIN()
