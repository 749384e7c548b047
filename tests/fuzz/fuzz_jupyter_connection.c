/* Connection files. */
#include "protocol/jupyter/connection.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct jupyter_connection c = {0};
	struct err err = ERR_INIT;

	if (jupyter_connection_parse((const char *)data, n, &c, &err) < 0)
		return 0;
	for (int i = 0; i < JUPYTER_CHANNELS; i++)
		free(jupyter_connection_endpoint(&c, (enum jupyter_channel)i));
	jupyter_connection_release(&c);
	return 0;
}
