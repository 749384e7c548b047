#include "tracking/journal-record.h"

#include <endian.h>
#include <string.h>

uint32_t journal_crc32c(uint32_t crc, const void *p, size_t n)
{
	/* Reflected polynomial 0x82F63B78, four bits at a time. */
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *at = p;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= at[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

static uint32_t crc_of_len(uint32_t len)
{
	uint32_t wire = htobe32(len);

	return journal_crc32c(0, &wire, sizeof(wire));
}

bool journal_prefix_read(const uint8_t *p, size_t n, struct journal_prefix *ret)
{
	struct rd r = rd_make(p, n);

	ret->len = rd_be32(&r);
	ret->len_crc = rd_be32(&r);
	ret->payload_crc = rd_be32(&r);
	return !r.short_ && ret->len <= JOURNAL_RECORD_MAX && crc_of_len(ret->len) == ret->len_crc;
}

/* Where the next record with a sound prefix starts behind a damaged one; n when there is none. */
static size_t find_next(const uint8_t *p, size_t n)
{
	struct journal_prefix x;

	for (size_t at = 1; at + JOURNAL_PREFIX_LEN <= n; at++)
		if (p[at] == 0 && journal_prefix_read(p + at, n - at, &x))
			return at;
	return n;
}

int journal_record_read(const uint8_t *p, size_t n, const char **ret_payload, size_t *ret_len,
			size_t *ret_used)
{
	struct journal_prefix x;

	*ret_used = 0;
	if (n < JOURNAL_PREFIX_LEN)
		return 0;
	if (!journal_prefix_read(p, n, &x)) {
		*ret_used = find_next(p, n);
		return E_PROTO;
	}
	if (x.len > n - JOURNAL_PREFIX_LEN)
		return 0;
	*ret_used = JOURNAL_PREFIX_LEN + x.len;
	if (journal_crc32c(0, p + JOURNAL_PREFIX_LEN, x.len) != x.payload_crc)
		return E_PROTO;
	*ret_payload = (const char *)p + JOURNAL_PREFIX_LEN;
	*ret_len = x.len;
	return 1;
}

void journal_record_put(struct buf *b, const json_t *record)
{
	_cleanup_free_ char *text = json_text(record);
	size_t n = text ? strlen(text) : 0;

	if (!text || n > JOURNAL_RECORD_MAX) {
		b->failed = text ? E_TOOBIG : E_NOMEM;
		return;
	}
	buf_put_be32(b, (uint32_t)n);
	buf_put_be32(b, crc_of_len((uint32_t)n));
	buf_put_be32(b, journal_crc32c(0, text, n));
	buf_put(b, text, n);
}
