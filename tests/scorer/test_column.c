#include "scorer/column.h"

#include "tests/harness.h"

#include <math.h>

TEST(types_have_names)
{
	for (unsigned t = 0; t < COLUMN_TYPES; t++)
		CHECK_INT(column_type_find(column_type_name((enum column_type)t)), t);
	CHECK_INT(column_type_find("date"), COLUMN_TYPES);
}

TEST(all_whole_numbers_of_a_type_are_within_its_range)
{
	static const struct {
		enum column_type type;
		double min, max;
	} cases[] = {
		{COLUMN_BYTE, INT8_MIN, INT8_MAX},
		{COLUMN_SHORT, INT16_MIN, INT16_MAX},
		{COLUMN_INT, INT32_MIN, INT32_MAX},
		{COLUMN_LONG, (double)INT64_MIN, (double)INT64_MAX},
	};
	double min, max;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK(column_type_range(cases[i].type, &min, &max));
		CHECK(min == cases[i].min && max == cases[i].max);
		CHECK(column_type_cast(cases[i].type, INFINITY) == max);
		CHECK(column_type_cast(cases[i].type, -1e300) == min);
	}
	CHECK(!column_type_range(COLUMN_DOUBLE, &min, &max));
}

TEST_MAIN()
