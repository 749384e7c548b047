/* SQLDARD: SQLCAGRP, SQLDHGRP, SQLNUMGRP, SQLDAGRP… (DRDA volume 1, SQLDARD). */
#include "protocol/drda/sqldard.h"

#include "base/str.h"

#include <string.h>

enum {
	NULL_GROUP = 0xFF,
	/* The shortest column there can be: what bounds the count before memory is taken. */
	COLUMN_MIN = 16,
	CCSID_BINARY = 0,
	NULLABLE = 1, /* odd SQL types */
};

/* DB2's numbers of SQL types. */
static const struct {
	uint16_t sql;
	enum value_type type;
	enum value_type binary; /* when it has no character set */
	const char *name;
	char shape; /* what follows the name: 0, l length, d digits */
} types[] = {
	{384, VALUE_DATE, VALUE_DATE, "DATE", 0},
	{388, VALUE_TIME, VALUE_TIME, "TIME", 0},
	{392, VALUE_TIMESTAMP, VALUE_TIMESTAMP, "TIMESTAMP", 0},
	{404, VALUE_BLOB, VALUE_BLOB, "BLOB", 'l'},
	{408, VALUE_CLOB, VALUE_CLOB, "CLOB", 'l'},
	{448, VALUE_VARCHAR, VALUE_BINARY, "VARCHAR", 'l'},
	{452, VALUE_CHAR, VALUE_BINARY, "CHAR", 'l'},
	{456, VALUE_VARCHAR, VALUE_BINARY, "LONG VARCHAR", 0},
	{480, VALUE_DOUBLE, VALUE_DOUBLE, "DOUBLE", 0},
	{484, VALUE_DECIMAL, VALUE_DECIMAL, "DECIMAL", 'd'},
	{492, VALUE_BIGINT, VALUE_BIGINT, "BIGINT", 0},
	{496, VALUE_INTEGER, VALUE_INTEGER, "INTEGER", 0},
	{500, VALUE_SMALLINT, VALUE_SMALLINT, "SMALLINT", 0},
	{904, VALUE_ROWID, VALUE_ROWID, "ROWID", 0},
	{2000, VALUE_OPAQUE, VALUE_OPAQUE, "UDT", 0},
	{2436, VALUE_BOOLEAN, VALUE_BOOLEAN, "BOOLEAN", 0},
};

void sqldard_release(struct sqldard *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->columns[i].name);
		free(d->columns[i].schema);
		free(d->columns[i].table);
		free(d->columns[i].type_name);
	}
	free(d->columns);
	*d = (struct sqldard){0};
}

/* A text of which the mixed or the single-byte form is filled; *ret is NULL for an empty one. */
static int read_text(struct rd *r, char **ret, struct err *err)
{
	const uint8_t *p = NULL, *q;
	size_t n = 0, m;

	for (int i = 0; i < 2; i++) {
		m = rd_be16(r);
		q = rd_bytes(r, m);
		if (q && m) {
			p = q;
			n = m;
		}
	}
	*ret = p ? utf8_repair((const char *)p, n) : NULL;
	return p && !*ret ? err_nomem(err) : 0;
}

static void skip_text(struct rd *r)
{
	(void)rd_bytes(r, rd_be16(r));
	(void)rd_bytes(r, rd_be16(r));
}

/* SQLDHGRP: holdability … key type, then RDB name and schema. */
static void skip_header(struct rd *r)
{
	if (rd_u8(r) == NULL_GROUP)
		return;
	(void)rd_bytes(r, 6 * 2);
	(void)rd_bytes(r, rd_be16(r));
	skip_text(r);
}

static char *type_text(const char *name, char shape, bool binary, const struct column *c)
{
	const char *suffix = binary ? " FOR BIT DATA" : "";

	if (shape == 'd')
		return str_fmt("%s(%d,%d)", name, c->precision, c->scale);
	if (shape == 'l')
		return str_fmt("%s(%lld)%s", name, (long long)c->length, suffix);
	return str_fmt("%s%s", name, suffix);
}

static int set_type(struct column *c, unsigned sql, unsigned ccsid, struct err *err)
{
	c->nullable = sql & NULLABLE;
	c->type = VALUE_OPAQUE;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		bool binary;

		if (types[i].sql != (sql & ~(unsigned)NULLABLE))
			continue;
		binary = ccsid == CCSID_BINARY && types[i].binary != types[i].type;
		c->type = binary ? types[i].binary : types[i].type;
		if (c->type == VALUE_DOUBLE && c->length == 4)
			c->type = VALUE_REAL;
		c->type_name = c->type == VALUE_REAL
				       ? str_dup("REAL")
				       : type_text(types[i].name, types[i].shape, binary, c);
		return c->type_name ? 0 : err_nomem(err);
	}
	c->type_name = str_fmt("TYPE %u", sql);
	return c->type_name ? 0 : err_nomem(err);
}

/* SQLDOPTGRP: name, label, comment; the label is what people see, as in JDBC. */
static int read_names(struct column *c, struct rd *r, struct err *err)
{
	_cleanup_free_ char *label = NULL;
	int code;

	if (rd_u8(r) == NULL_GROUP)
		return 0;
	(void)rd_be16(r); /* unnamed: called by its position */
	code = read_text(r, &c->name, err);
	if (code == 0)
		code = read_text(r, &label, err);
	skip_text(r);
	if (label) {
		free(c->name);
		c->name = TAKE(label);
	}
	return code;
}

/* SQLUDTGRP: null, or, with no flag in front, the names of the type and of its class. */
static void skip_udt(struct rd *r)
{
	if (r->n && r->p[0] == NULL_GROUP) {
		(void)rd_u8(r);
		return;
	}
	skip_text(r);
	skip_text(r);
}

/* SQLDXGRP: the table behind the column. */
static int read_origin(struct column *c, struct rd *r, struct err *err)
{
	int code;

	if (rd_u8(r) == NULL_GROUP)
		return 0;
	(void)rd_bytes(r, 4 * 2);      /* key member, updatable, generated, parameter mode */
	(void)rd_bytes(r, rd_be16(r)); /* RDB */
	skip_text(r);                  /* correlation name */
	code = read_text(r, &c->table, err);
	if (code == 0)
		code = read_text(r, &c->schema, err);
	skip_text(r); /* column */
	return code;
}

static int read_column(struct column *c, size_t number, struct rd *r, struct err *err)
{
	unsigned sql, ccsid;
	uint64_t length;
	int code;

	c->precision = (int16_t)rd_be16(r);
	c->scale = (int16_t)rd_be16(r);
	length = rd_be64(r);
	c->length = length > INT64_MAX ? 0 : (int64_t)length;
	sql = rd_be16(r);
	ccsid = rd_be16(r);
	code = rd_check(r, "a column's description", err);
	if (code == 0)
		code = set_type(c, sql, ccsid, err);
	if (code < 0)
		return code;
	if (c->type != VALUE_DECIMAL)
		c->precision = c->scale = 0;
	code = read_names(c, r, err);
	skip_udt(r);
	if (code == 0)
		code = read_origin(c, r, err);
	if (code < 0)
		return code;
	if (!c->name)
		c->name = str_fmt("%zu", number);
	return c->name ? rd_check(r, "a column's description", err) : err_nomem(err);
}

static int read_columns(struct sqldard *ret, struct rd *r, struct err *err)
{
	_cleanup_(sqldard_release) struct sqldard d = {0};
	size_t count = rd_be16(r);
	int code = rd_check(r, "a description of columns", err);

	if (code < 0)
		return code;
	if (count > r->n / COLUMN_MIN)
		return err_set(err, E_PROTO, "expected %zu columns, got %zu bytes", count, r->n);
	d.columns = calloc(count + 1, sizeof(*d.columns));
	if (!d.columns)
		return err_nomem(err);
	while (d.n < count) {
		size_t number = ++d.n;

		code = read_column(&d.columns[number - 1], number, r, err);
		if (code < 0)
			return code;
	}
	sqldard_release(ret);
	*ret = d;
	d = (struct sqldard){0};
	return 0;
}

int sqldard_read(struct sqldard *ret, struct sqlca *ca, struct rd *r, struct err *err)
{
	int code = sqlca_read(ca, r, err);

	if (code < 0)
		return code;
	skip_header(r);
	return read_columns(ret, r, err);
}

int sqldard_read_result_set(struct sqldard *ret, struct rd *r, struct err *err)
{
	skip_header(r);
	return read_columns(ret, r, err);
}
