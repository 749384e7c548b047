/*
 * One record of a journal as bytes:
 *   be32 length | be32 CRC-32C of the length | be32 CRC-32C of the payload | payload
 * The length has a checksum of its own, so that damage in one record does not
 * hide those behind it.
 */
#ifndef TRACKING_JOURNAL_RECORD_H
#define TRACKING_JOURNAL_RECORD_H

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	JOURNAL_RECORD_MAX = 8 << 20, /* bytes; the tracking client's records stay below 2 MB */
	JOURNAL_PREFIX_LEN = 12,
};

/* A record's length and checksums, as they stand before its payload. */
struct journal_prefix {
	uint32_t len;
	uint32_t len_crc;
	uint32_t payload_crc;
};

/* False when there are fewer bytes, or the length is not the one written. */
bool journal_prefix_read(const uint8_t *p, size_t n, struct journal_prefix *ret);

/*
 * The next whole record in n bytes.  1 and *ret_payload (borrowed), *ret_used;
 * 0 when the bytes end within a record; E_PROTO for damage, *ret_used then
 * says how far to go on (0: nowhere).
 */
int journal_record_read(const uint8_t *p, size_t n, const char **ret_payload, size_t *ret_len,
			size_t *ret_used);

/* The JSON text of `record` as payload; b->failed says what went wrong. */
void journal_record_put(struct buf *b, const json_t *record);

/* CRC-32C (RFC 3720, appendix B.4), going on from crc; start with 0. */
uint32_t journal_crc32c(uint32_t crc, const void *p, size_t n);

#endif
