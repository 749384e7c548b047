/* Values over the bridge. */
#include "kernel/bridge-values.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

static const enum value_type all_types[] = {
	VALUE_BOOLEAN,   VALUE_SMALLINT, VALUE_INTEGER, VALUE_BIGINT, VALUE_REAL,   VALUE_DOUBLE,
	VALUE_DECIMAL,   VALUE_CHAR,     VALUE_VARCHAR, VALUE_CLOB,   VALUE_DATE,   VALUE_TIME,
	VALUE_TIMESTAMP, VALUE_BINARY,   VALUE_BLOB,    VALUE_ROWID,  VALUE_OPAQUE,
};

json_t *bridge_column_json(const struct column *c)
{
	return json_pack("{so ss so sb si si}", "name", json_strz(c->name), "type",
			 value_type_name(c->type), "type_name", json_strz(c->type_name), "nullable",
			 c->nullable, "precision", c->precision, "scale", c->scale);
}

static json_t *real_json(double d)
{
	if (isnan(d))
		return json_string("NaN");
	if (isinf(d))
		return json_string(d > 0 ? "Infinity" : "-Infinity");
	return json_real(d);
}

static json_t *bytes_json(const char *p, size_t n)
{
	char *hex = malloc(2 * n + 1);
	json_t *j;

	if (!hex)
		return NULL;
	str_hex(hex, p, n);
	j = json_pack("{ss}", "hex", hex);
	free(hex);
	return j;
}

json_t *bridge_value_json(const struct value *v)
{
	if (v->null)
		return json_null();
	switch (v->type) {
	case VALUE_BOOLEAN:
		return json_boolean(v->i != 0);
	case VALUE_SMALLINT:
	case VALUE_INTEGER:
	case VALUE_BIGINT:
		return json_integer(v->i);
	case VALUE_REAL:
	case VALUE_DOUBLE:
		return real_json(v->d);
	default:
		return value_is_bytes(v->type) ? bytes_json(v->s.p, v->s.n)
					       : json_str(v->s.p, v->s.n);
	}
}

static enum value_type type_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(all_types); i++)
		if (str_eq(name, value_type_name(all_types[i])))
			return all_types[i];
	return VALUE_VARCHAR;
}

int bridge_columns_parse(const json_t *list, struct bridge_columns *ret, struct err *err)
{
	size_t n = json_array_size(list);
	struct column *items = calloc(n ? n : 1, sizeof(*items));

	if (!items)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const json_t *c = json_array_get(list, i);
		const char *name = json_get_str(c, "name", NULL);
		const char *type = json_get_str(c, "type", "VARCHAR");

		if (!name) {
			free(items);
			return err_set(err, E_INPUT, "column %zu has no name", i + 1);
		}
		items[i].name = (char *)(uintptr_t)name;
		items[i].type = type_of_name(type);
		items[i].type_name = (char *)(uintptr_t)json_get_str(c, "type_name", type);
		items[i].nullable = true;
	}
	*ret = (struct bridge_columns){items, n};
	return 0;
}

void bridge_columns_release(struct bridge_columns *c)
{
	free(c->items);
	*c = (struct bridge_columns){0};
}

static struct value text_value(const char *s, enum value_type type)
{
	return (struct value){.type = type, .s = {s, strlen(s)}};
}

/* A text in a numeric column is "NaN", or digits that no JSON number holds. */
static struct value parse_text(const char *s, enum value_type type)
{
	if ((type == VALUE_DOUBLE || type == VALUE_REAL) && str_eq(s, "NaN"))
		return (struct value){.type = type, .d = NAN};
	if ((type == VALUE_DOUBLE || type == VALUE_REAL) && str_ends_ci(s, "Infinity"))
		return (struct value){.type = type, .d = *s == '-' ? -INFINITY : INFINITY};
	if (value_is_text(type) || type == VALUE_DECIMAL)
		return text_value(s, type);
	return text_value(s, VALUE_VARCHAR);
}

struct value bridge_value_parse(const json_t *j, enum value_type type)
{
	const char *hex;

	switch (json_typeof(j)) {
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct value){.type = VALUE_BOOLEAN, .i = json_is_true(j)};
	case JSON_INTEGER:
		if (type == VALUE_DOUBLE || type == VALUE_REAL)
			return (struct value){.type = type, .d = (double)json_integer_value(j)};
		return (struct value){.type = VALUE_BIGINT, .i = json_integer_value(j)};
	case JSON_REAL:
		return (struct value){.type = type == VALUE_REAL ? type : VALUE_DOUBLE,
				      .d = json_real_value(j)};
	case JSON_STRING:
		return parse_text(json_string_value(j), type);
	case JSON_OBJECT:
		hex = json_get_str(j, "hex", NULL);
		return hex ? text_value(hex, VALUE_VARCHAR)
			   : (struct value){.type = type, .null = true};
	default:
		return (struct value){.type = type, .null = true};
	}
}
