/*
 * Typed values as databases deliver and accept them.  The common currency of
 * the database client, imports, tables and the bridge.
 *
 * A value borrows its text and bytes; each producer says how long they live
 * (a cursor: until the next row).  DECIMAL is text and never passes through
 * a double.  DATE is "yyyy-mm-dd", TIME "hh:mm:ss", TIMESTAMP
 * "yyyy-mm-dd hh:mm:ss.fffffffff" with as many digits as the server sent.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_BOOLEAN,   /* i: 0 or 1 */
	VALUE_SMALLINT,  /* i; TINYINT as well */
	VALUE_INTEGER,   /* i */
	VALUE_BIGINT,    /* i */
	VALUE_REAL,      /* d */
	VALUE_DOUBLE,    /* d */
	VALUE_DECIMAL,   /* text, e.g. "-12.50" */
	VALUE_CHAR,      /* text, blank padded */
	VALUE_VARCHAR,   /* text; LONG VARCHAR as well */
	VALUE_CLOB,      /* text */
	VALUE_DATE,      /* text */
	VALUE_TIME,      /* text */
	VALUE_TIMESTAMP, /* text */
	VALUE_BINARY,    /* bytes; CHAR and VARCHAR FOR BIT DATA */
	VALUE_BLOB,      /* bytes */
	VALUE_ROWID,     /* bytes */
	VALUE_OPAQUE,    /* no value but a placeholder text, e.g. "<UDT, 120 bytes>" */
};

struct value {
	enum value_type type;
	bool null;
	union {
		int64_t i;
		double d;
		struct {
			const char *p; /* not NUL-terminated */
			size_t n;
		} s;
	};
};

struct column {
	char *name;      /* as the server labels it: upper case unless quoted */
	char *schema;    /* base table's schema; NULL when unknown */
	char *table;     /* base table; NULL for expressions */
	char *type_name; /* "DECIMAL(10,2)", for people */
	enum value_type type;
	int precision; /* DECIMAL; else 0 */
	int scale;
	int64_t length; /* largest length in bytes or characters; 0 when unknown */
	bool nullable;
};

/* "INTEGER", "VARCHAR"…; never NULL. */
const char *value_type_name(enum value_type type);
bool value_is_number(enum value_type type);
bool value_is_text(enum value_type type);  /* s holds UTF-8 to show as it is */
bool value_is_bytes(enum value_type type); /* s holds bytes */

#endif
