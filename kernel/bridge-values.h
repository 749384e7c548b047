/*
 * Typed values and columns as JSON and back, in the form of docs/BRIDGE.md.
 */
#ifndef KERNEL_BRIDGE_VALUES_H
#define KERNEL_BRIDGE_VALUES_H

#include "base/json.h"
#include "base/value.h"

/* New; NULL when out of memory. */
json_t *bridge_column_json(const struct column *c);
json_t *bridge_value_json(const struct value *v);

/*
 * Columns of a `show`: an array of {name, type}.  The caller releases.
 */
struct bridge_columns {
	struct column *items; /* names point into the JSON, which must outlive them */
	size_t n;
};
int bridge_columns_parse(const json_t *list, struct bridge_columns *ret,
			 struct err *err) _must_check_;
void bridge_columns_release(struct bridge_columns *c);

/*
 * One JSON cell as a value of the column's type; texts are borrowed from the
 * JSON, numbers given as text keep it.  Never fails: what does not fit the
 * type is shown as the text it came as.
 */
struct value bridge_value_parse(const json_t *j, enum value_type type);

#endif
