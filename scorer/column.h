/*
 * Columns as the scorer knows them.  While a model is loaded, each column that
 * a request brings or a stage makes gets a slot: rows are scored by slot
 * number, and names appear only in messages.
 */
#ifndef SCORER_COLUMN_H
#define SCORER_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

enum column_type {
	COLUMN_DOUBLE,
	COLUMN_FLOAT, /* kept as the double that has the float's value */
	COLUMN_INT,
	COLUMN_LONG,
	COLUMN_SHORT,
	COLUMN_BYTE,
	COLUMN_BOOLEAN, /* 0 or 1 */
	COLUMN_DECIMAL, /* its value as a double */
	COLUMN_STRING,
	COLUMN_VECTOR,
	COLUMN_TYPES,
};

/* Sets of types, as `1u << type`. */
#define COLUMNS_NUMBER ((1u << COLUMN_STRING) - 1)
#define COLUMNS_SCALAR (COLUMNS_NUMBER | 1u << COLUMN_STRING)
#define COLUMNS_VECTOR (1u << COLUMN_VECTOR)

struct slot {
	const char *name;
	enum column_type type;
	size_t width; /* numbers of a row: 1, the vector's size, 0 for a text */
};

/* "double", as in the model file. */
const char *column_type_name(enum column_type type);
/* COLUMN_TYPES when there is no type of that name. */
enum column_type column_type_find(const char *name);
/* Smallest and largest value of a type of whole numbers; false for the other types. */
bool column_type_range(enum column_type type, double *ret_min, double *ret_max);
/* The value that Spark's cast from double to the type gives (types of numbers only). */
double column_type_cast(enum column_type type, double v);

#endif
