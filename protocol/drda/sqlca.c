/* SQLCAGRP (DRDA volume 1, "Early Environment Descriptors"). */
#include "protocol/drda/sqlca.h"

#include <stdio.h>
#include <string.h>

enum { NULL_GROUP = 0xFF, SEPARATOR = 0x14 };

static void text_field(char *dst, size_t n, struct rd *r)
{
	const uint8_t *p = rd_bytes(r, n);

	if (p)
		memcpy(dst, p, n);
	dst[n] = '\0';
}

/* A text in the mixed or the single-byte encoding: one of the two is empty. */
static void read_errmc(struct sqlca *ca, struct rd *r)
{
	for (int i = 0; i < 2; i++) {
		size_t n = rd_be16(r);
		const uint8_t *p = rd_bytes(r, n);

		if (!p || n == 0)
			continue;
		if (n > SQLCA_ERRMC_MAX)
			n = SQLCA_ERRMC_MAX;
		memcpy(ca->errmc, p, n);
		ca->errmc_len = (uint16_t)n;
	}
	ca->errmc[ca->errmc_len] = '\0';
}

/* SQLDIAGGRP is asked for by nobody here, so it comes as null. */
static int skip_diagnostics(struct rd *r, struct err *err)
{
	if (rd_u8(r) != NULL_GROUP && !r->short_)
		return err_set(err, E_PROTO, "expected SQLCA without diagnostics");
	return rd_check(r, "SQLCA", err);
}

int sqlca_read(struct sqlca *ca, struct rd *r, struct err *err)
{
	unsigned flag = rd_u8(r);

	ca->code = 0;
	ca->errmc_len = 0;
	ca->errmc[0] = '\0';
	memcpy(ca->state, "00000", sizeof(ca->state));
	memset(ca->errd, 0, sizeof(ca->errd));
	ca->proc[0] = ca->warn[0] = '\0';
	if (flag == NULL_GROUP || r->short_)
		return rd_check(r, "SQLCA", err);
	if (flag != 0)
		return err_set(err, E_PROTO, "expected SQLCA, got flag 0x%02X", flag);
	ca->code = (int32_t)rd_be32(r);
	text_field(ca->state, 5, r);
	text_field(ca->proc, 8, r);
	if (rd_u8(r) == 0) { /* SQLCAXGRP */
		for (size_t i = 0; i < ARRAY_LEN(ca->errd); i++)
			ca->errd[i] = rd_be32(r);
		text_field(ca->warn, 11, r);
		(void)rd_bytes(r, rd_be16(r)); /* RDB name */
		read_errmc(ca, r);
	}
	return skip_diagnostics(r, err);
}

bool sqlca_is_error(const struct sqlca *ca)
{
	return ca->code < 0;
}

bool sqlca_is_end(const struct sqlca *ca)
{
	return ca->code >= 0 && strcmp(ca->state, "02000") == 0;
}

bool sqlca_is_warning(const struct sqlca *ca)
{
	return ca->code > 0 && !sqlca_is_end(ca);
}

bool sqlca_is_rollback(const struct sqlca *ca)
{
	return sqlca_is_error(ca) && memcmp(ca->state, "40", 2) == 0;
}

int64_t sqlca_count(const struct sqlca *ca)
{
	return (int64_t)((uint64_t)ca->errd[3] << 32 | ca->errd[2]);
}

/* Where the arguments end: the last of them is the message's id, unless there are several. */
static size_t arguments_length(const struct sqlca *ca)
{
	const char *last = memrchr(ca->errmc, SEPARATOR, ca->errmc_len);

	if (!last || memmem(ca->errmc, ca->errmc_len, "\x14\x14\x14", 3))
		return ca->errmc_len;
	return (size_t)(last - ca->errmc);
}

void sqlca_text(const struct sqlca *ca, char *dst, size_t size)
{
	size_t n = arguments_length(ca), start = 0;
	const char *gap = ": ";

	snprintf(dst, size, "SQLSTATE %s", ca->state);
	for (size_t i = 0; i <= n; i++) {
		size_t at = strlen(dst);

		if (i < n && ca->errmc[i] != SEPARATOR)
			continue;
		if (i > start) {
			snprintf(dst + at, size - at, "%s%.*s", gap, (int)(i - start),
				 ca->errmc + start);
			gap = ", ";
		}
		start = i + 1;
	}
}
