/*
 * Reading FD:OCA: descriptions (DRDA volume 1, chapter "FD:OCA Triplets") and
 * rows.  Types are one table.
 */
#include "protocol/drda/fdoca.h"

#include "protocol/drda/packed.h"

#include <stdio.h>
#include <string.h>

enum {
	TRIPLET_GROUP = 0x76, /* group data array: columns of a row */
	TRIPLET_MORE = 0x7F,  /* continuation of the group before it */
	ID_ROW = 0xD0,        /* SQLDTAGRP */
	COLUMN_SIZE = 3,      /* type, two bytes of length */
	NULLABLE = 0x01,      /* odd types have a null byte in front */
	IS_NULL = 0xFF,
	LENGTH_FLAG = 0x8000, /* of LOBs: the low bits are the placeholder's size */
	PLACEHOLDER_MAX = 8,
	OPAQUE_TEXT_MAX = 40,
};

static const struct {
	uint8_t wire; /* the even one of the pair */
	enum fdoca_form form;
	enum value_type type;
	uint8_t length; /* that the description must say, 0: any */
} types[] = {
	{0x02, FORM_INT4, VALUE_INTEGER, 4},    {0x04, FORM_INT2, VALUE_SMALLINT, 2},
	{0x0A, FORM_FLOAT8, VALUE_DOUBLE, 8},   {0x0C, FORM_FLOAT4, VALUE_REAL, 4},
	{0x0E, FORM_DECIMAL, VALUE_DECIMAL, 0}, {0x16, FORM_INT8, VALUE_BIGINT, 8},
	{0x1E, FORM_COUNTED, VALUE_ROWID, 0},   {0x20, FORM_FIXED, VALUE_DATE, 0},
	{0x22, FORM_FIXED, VALUE_TIME, 0},      {0x24, FORM_TIMESTAMP, VALUE_TIMESTAMP, 0},
	{0x26, FORM_FIXED, VALUE_BINARY, 0},    {0x28, FORM_COUNTED, VALUE_BINARY, 0},
	{0x2A, FORM_COUNTED, VALUE_BINARY, 0},  {0x30, FORM_FIXED, VALUE_CHAR, 0},
	{0x32, FORM_COUNTED, VALUE_VARCHAR, 0}, {0x34, FORM_COUNTED, VALUE_VARCHAR, 0},
	{0x3C, FORM_FIXED, VALUE_CHAR, 0},      {0x3E, FORM_COUNTED, VALUE_CHAR, 0},
	{0x40, FORM_COUNTED, VALUE_VARCHAR, 0}, {0x50, FORM_OPAQUE, VALUE_OPAQUE, 0},
	{0xBE, FORM_BOOLEAN, VALUE_BOOLEAN, 1}, {0xC8, FORM_LOB, VALUE_BLOB, 0},
	{0xCA, FORM_LOB, VALUE_CLOB, 0},        {0xCE, FORM_LOB, VALUE_CLOB, 0},
};

void fdoca_row_release(struct fdoca_row *row)
{
	free(row->columns);
	*row = (struct fdoca_row){0};
}

static int bad_length(size_t column, unsigned wire, unsigned length, struct err *err)
{
	return err_set(err, E_PROTO, "expected a length for column %zu of type 0x%02X, got 0x%04X",
		       column, wire, length);
}

/* Give `c` the length that the description says for it. */
static int set_length(struct fdoca_column *c, size_t number, unsigned wire, unsigned length,
		      unsigned must, struct err *err)
{
	if (must && length != must)
		return bad_length(number, wire, length, err);
	c->length = (uint16_t)length;
	if (c->form == FORM_DECIMAL) {
		c->precision = (uint8_t)(length >> 8);
		c->scale = (uint8_t)length;
		c->length = (uint16_t)packed_size(c->precision);
		if (c->precision == 0 || c->precision > PACKED_PRECISION_MAX ||
		    c->scale > c->precision)
			return bad_length(number, wire, length, err);
	}
	if (c->form == FORM_LOB) {
		c->length = (uint16_t)(length & ~(unsigned)LENGTH_FLAG);
		if (!(length & LENGTH_FLAG) || c->length == 0 || c->length > PLACEHOLDER_MAX)
			return bad_length(number, wire, length, err);
	}
	/* yyyy-mm-dd-hh.mm.ss is what fdoca_read_row rewrites. */
	if (c->form == FORM_TIMESTAMP && length < 19)
		return bad_length(number, wire, length, err);
	return 0;
}

static int read_column(struct fdoca_row *row, struct rd *r, struct err *err)
{
	unsigned wire = rd_u8(r);
	unsigned length = rd_be16(r);
	struct fdoca_column *c = &row->columns[row->n++];
	int code;

	*c = (struct fdoca_column){.nullable = wire & NULLABLE};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].wire != (wire & ~(unsigned)NULLABLE))
			continue;
		c->form = types[i].form;
		c->type = types[i].type;
		row->n_lobs += c->form == FORM_LOB;
		return set_length(c, row->n, wire, length, types[i].length, err);
	}
	code = err_set(err, E_UNSUPPORTED, "column %zu has the type 0x%02X, which is not supported",
		       row->n, wire);
	err_set_hint(err, "cast it to VARCHAR or DECIMAL in the query");
	return code;
}

/* The columns in the data of one triplet. */
static int read_columns(struct fdoca_row *row, struct rd *data, struct err *err)
{
	size_t count = data->n / COLUMN_SIZE;
	struct fdoca_column *grown;
	int code = 0;

	if (data->n % COLUMN_SIZE)
		return err_set(err, E_PROTO, "expected whole columns in the row's description");
	grown = realloc(row->columns, (row->n + count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	row->columns = grown;
	while (data->n && code == 0)
		code = read_column(row, data, err);
	return code;
}

int fdoca_read_description(struct fdoca_row *ret, struct rd *r, struct err *err)
{
	_cleanup_(fdoca_row_release) struct fdoca_row row = {0};
	bool in_row = false;

	while (r->n && !r->short_) {
		unsigned length = rd_u8(r);
		unsigned type = rd_u8(r);
		unsigned id = rd_u8(r);
		struct rd data;
		int code;

		if (length < 3)
			return err_set(err, E_PROTO, "expected a triplet, got length %u", length);
		data = rd_sub(r, length - 3);
		if (r->short_)
			break;
		if (type == TRIPLET_GROUP)
			in_row = id == ID_ROW;
		else if (type != TRIPLET_MORE)
			in_row = false;
		code = in_row ? read_columns(&row, &data, err) : 0;
		if (code < 0)
			return code;
	}
	if (r->short_)
		return rd_check(r, "the row's description", err);
	fdoca_row_release(ret);
	*ret = row;
	row = (struct fdoca_row){0};
	return 0;
}

size_t fdoca_scratch_size(const struct fdoca_row *row)
{
	size_t size = 1;

	for (size_t i = 0; i < row->n; i++) {
		if (row->columns[i].form == FORM_DECIMAL)
			size += PACKED_TEXT_MAX;
		else if (row->columns[i].form == FORM_OPAQUE)
			size += OPAQUE_TEXT_MAX;
	}
	return size;
}

static double float4(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double float8(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void set_text(struct value *v, const uint8_t *p, size_t n)
{
	v->s.p = (const char *)p;
	v->s.n = n;
}

/* yyyy-mm-dd-hh.mm.ss.f to yyyy-mm-dd hh:mm:ss.f; doing it twice does no harm. */
static void read_timestamp(const struct fdoca_column *c, struct rd *r, struct value *v)
{
	uint8_t *p = (uint8_t *)rd_bytes(r, c->length);

	if (!p)
		return;
	p[10] = ' ';
	p[13] = p[16] = ':';
	set_text(v, p, c->length);
}

static void read_counted(struct rd *r, struct value *v)
{
	size_t n = rd_be16(r);
	const uint8_t *p = rd_bytes(r, n);

	set_text(v, p, p ? n : 0);
}

static int read_decimal(const struct fdoca_column *c, struct rd *r, struct value *v, char **scratch,
			struct err *err)
{
	const uint8_t *p = rd_bytes(r, c->length);
	size_t n;

	if (!p)
		return 0;
	n = packed_text(*scratch, p, c->precision, c->scale);
	if (n == 0)
		return err_set(err, E_PROTO, "expected a packed decimal in the row");
	v->s.p = *scratch;
	v->s.n = n;
	*scratch += n;
	return 0;
}

static void read_opaque(struct rd *r, struct value *v, char **scratch)
{
	size_t n = rd_be16(r);

	if (!rd_bytes(r, n) && n)
		return;
	v->s.p = *scratch;
	v->s.n = (size_t)snprintf(*scratch, OPAQUE_TEXT_MAX, "<UDT, %zu bytes>", n);
	*scratch += v->s.n;
}

/* All bits zero: empty, and no EXTDTA follows. */
static void read_placeholder(const struct fdoca_column *c, struct rd *r, struct value *v)
{
	const uint8_t *p = rd_bytes(r, c->length);
	unsigned any = 0;

	for (unsigned i = 0; p && i < c->length; i++)
		any |= p[i];
	v->s.p = any ? NULL : "";
	v->s.n = any != 0;
}

static int read_value(const struct fdoca_column *c, struct rd *r, struct value *v, char **scratch,
		      struct err *err)
{
	switch (c->form) {
	case FORM_INT2:
		v->i = (int16_t)rd_be16(r);
		return 0;
	case FORM_INT4:
		v->i = (int32_t)rd_be32(r);
		return 0;
	case FORM_INT8:
		v->i = (int64_t)rd_be64(r);
		return 0;
	case FORM_FLOAT4:
		v->d = float4(rd_be32(r));
		return 0;
	case FORM_FLOAT8:
		v->d = float8(rd_be64(r));
		return 0;
	case FORM_BOOLEAN:
		v->i = rd_u8(r) != 0;
		return 0;
	case FORM_DECIMAL:
		return read_decimal(c, r, v, scratch, err);
	case FORM_FIXED:
		set_text(v, rd_bytes(r, c->length), c->length);
		return 0;
	case FORM_TIMESTAMP:
		read_timestamp(c, r, v);
		return 0;
	case FORM_COUNTED:
		read_counted(r, v);
		return 0;
	case FORM_OPAQUE:
		read_opaque(r, v, scratch);
		return 0;
	case FORM_LOB:
		read_placeholder(c, r, v);
		return 0;
	}
	return 0;
}

static int bad_null_byte(size_t column, unsigned flag, struct err *err)
{
	return err_set(err, E_PROTO, "expected a null byte at column %zu, got 0x%02X", column,
		       flag);
}

int fdoca_skip_row(const struct fdoca_row *row, struct rd *r, struct err *err)
{
	struct rd in = *r;

	for (size_t i = 0; i < row->n && !in.short_; i++) {
		const struct fdoca_column *c = &row->columns[i];
		unsigned flag = c->nullable ? rd_u8(&in) : 0;
		bool counted = c->form == FORM_COUNTED || c->form == FORM_OPAQUE;

		if (flag == 0)
			(void)rd_bytes(&in, counted ? rd_be16(&in) : c->length);
		else if (flag != IS_NULL)
			return bad_null_byte(i + 1, flag, err);
	}
	*r = in;
	return 0;
}

int fdoca_read_row(const struct fdoca_row *row, struct rd *r, struct value *values, char *scratch,
		   struct err *err)
{
	struct rd in = *r; /* a copy, for the compiler to hold in registers */
	int code = 0;

	for (size_t i = 0; i < row->n && code == 0 && !in.short_; i++) {
		const struct fdoca_column *c = &row->columns[i];
		struct value *v = &values[i];
		unsigned flag = c->nullable ? rd_u8(&in) : 0;

		v->type = c->type;
		v->null = flag == IS_NULL;
		if (flag == 0)
			code = read_value(c, &in, v, &scratch, err);
		else if (flag != IS_NULL)
			code = bad_null_byte(i + 1, flag, err);
	}
	*r = in;
	return code;
}
