/* Messages of a client without a key: frames stand in the input one behind the other, each behind a
 * newline. */
#include "protocol/jupyter/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t cut(const uint8_t *data, size_t n, zmq_msg_t *frames)
{
	size_t count = 0;

	while (n && count < MOST_FRAMES) {
		const uint8_t *end = memchr(data, '\n', n);
		size_t size = end ? (size_t)(end - data) : n;

		if (zmq_msg_init_size(&frames[count], size) < 0)
			break;
		if (size)
			memcpy(zmq_msg_data(&frames[count]), data, size);
		count++;
		data += end ? size + 1 : size;
		n -= end ? size + 1 : size;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(jupyter_signer_freep) struct jupyter_signer *signer = NULL;
	zmq_msg_t *frames = calloc(MOST_FRAMES, sizeof(*frames));
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;

	if (!frames || jupyter_signer_new("", "fuzz", &signer, &err) < 0) {
		free(frames);
		return 0;
	}
	if (jupyter_decode(frames, cut(data, n, frames), signer, &m, &err) < 0)
		return 0;
	if (!m.msg_id || !m.msg_type || m.first_buffer > m.n_frames)
		abort();
	jupyter_msg_shrink(&m);
	jupyter_msg_release(&m);
	return 0;
}
