/* The types of columns: one table. */
#include "scorer/column.h"

#include "base/str.h"

#include <math.h>

static const struct {
	const char *name;
	double min, max; /* 0 and 0 for what is no whole number */
} types[COLUMN_TYPES] = {
	[COLUMN_DOUBLE] = {"double", 0, 0},
	[COLUMN_FLOAT] = {"float", 0, 0},
	[COLUMN_INT] = {"int", -0x1p31, 0x1p31 - 1},
	/* 2^63 - 1 as a double. */
	[COLUMN_LONG] = {"long", -0x1p63, 0x1p63},
	[COLUMN_SHORT] = {"short", -0x1p15, 0x1p15 - 1},
	[COLUMN_BYTE] = {"byte", -0x1p7, 0x1p7 - 1},
	[COLUMN_BOOLEAN] = {"boolean", 0, 0},
	[COLUMN_DECIMAL] = {"decimal", 0, 0},
	[COLUMN_STRING] = {"string", 0, 0},
	[COLUMN_VECTOR] = {"vector", 0, 0},
};

const char *column_type_name(enum column_type type)
{
	return types[type].name;
}

enum column_type column_type_find(const char *name)
{
	unsigned t = 0;

	while (t < COLUMN_TYPES && !str_eq(types[t].name, name))
		t++;
	return (enum column_type)t;
}

bool column_type_range(enum column_type type, double *ret_min, double *ret_max)
{
	if (types[type].max == 0)
		return false;
	*ret_min = types[type].min;
	*ret_max = types[type].max;
	return true;
}

double column_type_cast(enum column_type type, double v)
{
	double min, max;

	if (type == COLUMN_FLOAT)
		return (double)(float)v;
	if (!column_type_range(type, &min, &max))
		return v;
	return isnan(v) ? 0 : fmin(fmax(trunc(v), min), max);
}
