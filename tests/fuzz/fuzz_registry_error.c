/* Error answers of registries. */
#include "protocol/oci/registry-error.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;

	(void)registry_error_tell(404, data, size, &err);
	return 0;
}
