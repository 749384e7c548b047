/*
 * Writing FD:OCA: parameters.  A value goes as its own type where the server
 * takes that exactly, else as text, which both servers convert; nothing is
 * rounded on our side.
 */
#include "protocol/drda/fdoca.h"
#include "protocol/drda/packed.h"

#include <string.h>

/* Nullable wire types that we send. */
enum {
	SEND_INTEGER = 0x03,
	SEND_SMALLINT = 0x05,
	SEND_DOUBLE = 0x0B,
	SEND_REAL = 0x0D,
	SEND_DECIMAL = 0x0F,
	SEND_BIGINT = 0x17,
	SEND_DATE = 0x21,
	SEND_TIME = 0x23,
	SEND_TIMESTAMP = 0x25,
	SEND_BYTES = 0x29,
	SEND_TEXT = 0x3F,
	SEND_BOOLEAN = 0xBF,
	SEND_BLOB = 0xC9,
	SEND_CLOB = 0xCF,
};

enum {
	IS_NULL = 0xFF,
	NOT_NULL = 0,
	STATUS_OK = 0x7F,    /* closes an EXTDTA for servers that see a client of 10.6 or later */
	COUNTED_MAX = 32767, /* beyond it a text goes as CLOB, bytes as BLOB */
	COLUMNS_PER_GROUP = 84, /* what the one-byte length of a triplet leaves */
	DATE_SIZE = 10,
	TIME_SIZE = 8,
	TIMESTAMP_SIZE = 29,
	TIMESTAMP_MIN = 19,   /* without a fraction */
	PLACEHOLDER = 0x8004, /* of a large object: four bytes */
};

/* What carries a value of each type; 0: text. */
static const uint8_t carriers[] = {
	[VALUE_BOOLEAN] = SEND_BOOLEAN,
	[VALUE_SMALLINT] = SEND_SMALLINT,
	[VALUE_INTEGER] = SEND_INTEGER,
	[VALUE_BIGINT] = SEND_BIGINT,
	[VALUE_REAL] = SEND_REAL,
	[VALUE_DOUBLE] = SEND_DOUBLE,
	[VALUE_DECIMAL] = SEND_DECIMAL,
	[VALUE_DATE] = SEND_DATE,
	[VALUE_TIME] = SEND_TIME,
	[VALUE_TIMESTAMP] = SEND_TIMESTAMP,
	[VALUE_BINARY] = SEND_BYTES,
	[VALUE_ROWID] = SEND_BYTES,
	[VALUE_BLOB] = SEND_BLOB,
	[VALUE_CLOB] = SEND_CLOB,
	[VALUE_OPAQUE] = 0,
};

static uint8_t send_type(enum value_type type)
{
	return carriers[type] ? carriers[type] : SEND_TEXT;
}

void fdoca_param_init(struct fdoca_param *p, const struct column *column)
{
	*p = (struct fdoca_param){.type = SEND_TEXT};
	if (!column)
		return;
	p->type = send_type(column->type);
	if (column->type == VALUE_DECIMAL && column->precision > 0 &&
	    column->precision <= PACKED_PRECISION_MAX && column->scale >= 0 &&
	    column->scale <= column->precision) {
		p->precision = (uint8_t)column->precision;
		p->scale = (uint8_t)column->scale;
	} else if (p->type == SEND_DECIMAL) {
		p->type = SEND_TEXT;
	}
}

/* "dddd-dd-dd", where d is a digit and the rest stands for itself. */
static bool matches(const char *pattern, const char *p, size_t n)
{
	for (size_t i = 0; i < n && pattern[i]; i++) {
		bool digit = p[i] >= '0' && p[i] <= '9';

		if (pattern[i] == 'd' ? !digit : p[i] != pattern[i])
			return false;
	}
	return n <= strlen(pattern);
}

static bool is_timestamp(const struct value *v)
{
	return v->s.n >= TIMESTAMP_MIN && v->s.n != TIMESTAMP_MIN + 1 &&
	       matches("dddd-dd-dd dd:dd:dd.ddddddddd", v->s.p, v->s.n);
}

static bool is_decimal(const struct fdoca_param *p, const struct value *v)
{
	return p->precision && packed_fits(v->s.p, v->s.n, p->precision, p->scale);
}

/* The wire type for this very value: text where its own type cannot carry it. */
static uint8_t fitting_type(const struct fdoca_param *p, const struct value *v)
{
	uint8_t type = send_type(v->type);

	if (v->type < VALUE_DECIMAL) /* numbers of the machine always fit */
		return type;
	if ((type == SEND_DATE &&
	     (v->s.n != DATE_SIZE || !matches("dddd-dd-dd", v->s.p, v->s.n))) ||
	    (type == SEND_TIME && (v->s.n != TIME_SIZE || !matches("dd:dd:dd", v->s.p, v->s.n))) ||
	    (type == SEND_TIMESTAMP && !is_timestamp(v)) ||
	    (type == SEND_DECIMAL && !is_decimal(p, v)))
		type = SEND_TEXT;
	if (type == SEND_TEXT && v->s.n > COUNTED_MAX)
		return SEND_CLOB;
	if (type == SEND_BYTES && v->s.n > COUNTED_MAX)
		return SEND_BLOB;
	return type;
}

bool fdoca_param_fit(struct fdoca_param *p, const struct value *v)
{
	uint8_t type;

	if (v->null)
		return false;
	type = fitting_type(p, v);
	if (type == p->type)
		return false;
	p->type = type;
	return true;
}

static unsigned described_length(const struct fdoca_param *p)
{
	static const uint16_t lengths[] = {
		[SEND_SMALLINT] = 2,
		[SEND_INTEGER] = 4,
		[SEND_REAL] = 4,
		[SEND_BIGINT] = 8,
		[SEND_DOUBLE] = 8,
		[SEND_BOOLEAN] = 1,
		[SEND_DATE] = DATE_SIZE,
		[SEND_TIME] = TIME_SIZE,
		[SEND_TIMESTAMP] = TIMESTAMP_SIZE,
		[SEND_BYTES] = COUNTED_MAX,
		[SEND_TEXT] = COUNTED_MAX,
		[SEND_BLOB] = PLACEHOLDER,
		[SEND_CLOB] = PLACEHOLDER,
	};

	return p->type == SEND_DECIMAL ? (unsigned)p->precision << 8 | p->scale : lengths[p->type];
}

/* One triplet: the types and lengths of up to COLUMNS_PER_GROUP parameters. */
static void put_group(struct buf *b, const uint8_t kind[2], const struct fdoca_param *params,
		      size_t n)
{
	size_t size = 3 + 3 * n;
	uint8_t *dst = buf_reserve(b, size);

	if (!dst)
		return;
	*dst++ = (uint8_t)size;
	*dst++ = kind[0];
	*dst++ = kind[1];
	for (size_t i = 0; i < n; i++) {
		unsigned length = described_length(&params[i]);

		*dst++ = params[i].type;
		*dst++ = (uint8_t)(length >> 8);
		*dst++ = (uint8_t)length;
	}
	buf_commit(b, size);
}

void fdoca_put_description(struct buf *b, const struct fdoca_param *params, size_t n)
{
	static const uint8_t first[] = {0x76, 0xD0}, more[] = {0x7F, 0x00};
	static const uint8_t trailer[] = {0x06, 0x71, 0xE4, 0xD0, 0x00, 0x01};
	size_t i = 0;

	do {
		size_t group = n - i < COLUMNS_PER_GROUP ? n - i : COLUMNS_PER_GROUP;

		put_group(b, i == 0 ? first : more, params + i, group);
		i += group;
	} while (i < n);
	buf_put(b, trailer, sizeof(trailer));
}

static void put_timestamp(struct buf *b, const struct value *v)
{
	uint8_t *dst = buf_reserve(b, TIMESTAMP_SIZE);

	if (!dst)
		return;
	memcpy(dst, "0001-01-01-00.00.00.000000000", TIMESTAMP_SIZE);
	memcpy(dst, v->s.p, v->s.n);
	dst[10] = '-';
	dst[13] = dst[16] = '.';
	buf_commit(b, TIMESTAMP_SIZE);
}

static void put_counted(struct buf *b, const struct value *v)
{
	buf_put_be16(b, (unsigned)v->s.n);
	buf_put(b, v->s.p, v->s.n);
}

static void put_float4(struct buf *b, double d)
{
	float f = (float)d;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	buf_put_be32(b, bits);
}

static void put_float8(struct buf *b, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	buf_put_be64(b, bits);
}

static void put_value(struct buf *b, const struct fdoca_param *p, const struct value *v)
{
	switch (p->type) {
	case SEND_SMALLINT:
		buf_put_be16(b, (unsigned)v->i & 0xFFFF);
		break;
	case SEND_INTEGER:
		buf_put_be32(b, (uint32_t)v->i);
		break;
	case SEND_BIGINT:
		buf_put_be64(b, (uint64_t)v->i);
		break;
	case SEND_REAL:
		put_float4(b, v->d);
		break;
	case SEND_DOUBLE:
		put_float8(b, v->d);
		break;
	case SEND_BOOLEAN:
		buf_put_u8(b, v->i != 0);
		break;
	case SEND_DECIMAL:
		(void)packed_put(b, v->s.p, v->s.n, p->precision, p->scale);
		break;
	case SEND_DATE:
	case SEND_TIME:
		buf_put(b, v->s.p, v->s.n);
		break;
	case SEND_TIMESTAMP:
		put_timestamp(b, v);
		break;
	case SEND_BLOB:
	case SEND_CLOB:
		buf_put_be32(b, (uint32_t)v->s.n);
		break;
	default:
		put_counted(b, v);
		break;
	}
}

void fdoca_put_values(struct buf *b, const struct fdoca_param *params, const struct value *values,
		      size_t n)
{
	buf_put_u8(b, 0); /* a row follows */
	for (size_t i = 0; i < n; i++) {
		buf_put_u8(b, values[i].null ? IS_NULL : NOT_NULL);
		if (!values[i].null)
			put_value(b, &params[i], &values[i]);
	}
}

bool fdoca_is_external(const struct fdoca_param *p, const struct value *v)
{
	return (p->type == SEND_BLOB || p->type == SEND_CLOB) && !v->null && v->s.n > 0;
}

void fdoca_put_external(struct buf *b, const struct value *v)
{
	buf_put_u8(b, NOT_NULL);
	buf_put(b, v->s.p, v->s.n);
	buf_put_u8(b, STATUS_OK);
}
