/* Names and classes of value types. */
#include "base/value.h"

static const struct {
	const char *name;
	char kind; /* n number, t text, b bytes, l logical */
} types[] = {
	[VALUE_BOOLEAN] = {"BOOLEAN", 'l'},     [VALUE_SMALLINT] = {"SMALLINT", 'n'},
	[VALUE_INTEGER] = {"INTEGER", 'n'},     [VALUE_BIGINT] = {"BIGINT", 'n'},
	[VALUE_REAL] = {"REAL", 'n'},           [VALUE_DOUBLE] = {"DOUBLE", 'n'},
	[VALUE_DECIMAL] = {"DECIMAL", 'n'},     [VALUE_CHAR] = {"CHAR", 't'},
	[VALUE_VARCHAR] = {"VARCHAR", 't'},     [VALUE_CLOB] = {"CLOB", 't'},
	[VALUE_DATE] = {"DATE", 't'},           [VALUE_TIME] = {"TIME", 't'},
	[VALUE_TIMESTAMP] = {"TIMESTAMP", 't'}, [VALUE_BINARY] = {"VARCHAR FOR BIT DATA", 'b'},
	[VALUE_BLOB] = {"BLOB", 'b'},           [VALUE_ROWID] = {"ROWID", 'b'},
	[VALUE_OPAQUE] = {"OPAQUE", 't'},
};

const char *value_type_name(enum value_type type)
{
	return types[type].name;
}

bool value_is_number(enum value_type type)
{
	return types[type].kind == 'n';
}

bool value_is_text(enum value_type type)
{
	return types[type].kind == 't';
}

bool value_is_bytes(enum value_type type)
{
	return types[type].kind == 'b';
}
