/* kernel/bridge-values.c */
#include "kernel/bridge-values.h"

#include "tests/harness.h"

#include <math.h>

static void check_json(struct value v, const char *want)
{
	json_auto_t *j = bridge_value_json(&v);
	char *text = json_text(j);

	CHECK_STR(text, want);
	free(text);
}

TEST(values_as_json)
{
	check_json((struct value){.type = VALUE_BIGINT, .i = INT64_MIN}, "-9223372036854775808");
	check_json((struct value){.type = VALUE_DOUBLE, .d = NAN}, "\"NaN\"");
	check_json((struct value){.type = VALUE_DOUBLE, .d = -INFINITY}, "\"-Infinity\"");
	check_json((struct value){.type = VALUE_DECIMAL, .s = {"1.50", 4}}, "\"1.50\"");
	check_json((struct value){.type = VALUE_BLOB, .s = {"\x01\xff", 2}}, "{\"hex\":\"01ff\"}");
	check_json((struct value){.type = VALUE_BOOLEAN, .i = 1}, "true");
	check_json((struct value){.type = VALUE_CHAR, .null = true}, "null");
}

TEST(json_as_values)
{
	json_auto_t *list = json_pack("[i f s n b s]", 7, 1.5, "x", 1, "NaN");
	struct value v = bridge_value_parse(json_array_get(list, 0), VALUE_DOUBLE);

	CHECK(v.type == VALUE_DOUBLE && v.d > 6.9 && v.d < 7.1);
	v = bridge_value_parse(json_array_get(list, 1), VALUE_INTEGER);
	CHECK_INT(v.type, VALUE_DOUBLE);
	v = bridge_value_parse(json_array_get(list, 2), VALUE_INTEGER);
	CHECK_INT(v.type, VALUE_VARCHAR);
	v = bridge_value_parse(json_array_get(list, 3), VALUE_INTEGER);
	CHECK(v.null);
	v = bridge_value_parse(json_array_get(list, 4), VALUE_INTEGER);
	CHECK_INT(v.type, VALUE_BOOLEAN);
	v = bridge_value_parse(json_array_get(list, 5), VALUE_DOUBLE);
	CHECK(isnan(v.d));
}

TEST(columns_need_names)
{
	json_auto_t *good = json_pack("[{ss ss}{ss}]", "name", "A", "type", "INTEGER", "name", "B");
	json_auto_t *bad = json_pack("[{ss}]", "type", "INTEGER");
	struct bridge_columns c = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(bridge_columns_parse(good, &c, &err), &err);
	CHECK_INT(c.n, 2);
	CHECK_INT(c.items[0].type, VALUE_INTEGER);
	CHECK_INT(c.items[1].type, VALUE_VARCHAR);
	bridge_columns_release(&c);
	CHECK_INT(bridge_columns_parse(bad, &c, &err), E_INPUT);
}

TEST_MAIN()
