/*
 * The journal's reader over any bytes: it always comes to an end, and neither it
 * nor what it calls a payload reaches outside.
 */
#include "tracking/journal-record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;
	volatile uint32_t check_sum = 0; /* reads every byte of the payload */

	while (at < size) {
		const char *payload = NULL;
		size_t len = 0, used = 0;
		int r = journal_record_read(data + at, size - at, &payload, &len, &used);

		if (r == 0)
			break;
		if (used == 0 || used > size - at)
			abort();
		if (r == 1 && (const uint8_t *)payload + len != data + at + used)
			abort();
		if (r == 1)
			check_sum += journal_crc32c(0, payload, len);
		at += used;
	}
	return 0;
}
