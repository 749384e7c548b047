/* AWS's shared files, as both kinds; the first byte chooses the profile's name. */
#include "protocol/aws/profile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"default", "x", "y z", ""};

	for (int is_config = 0; size && is_config < 2; is_config++) {
		_cleanup_profile_ struct profile p = {0};
		struct err err = ERR_INIT;

		(void)!profile_parse((const char *)data + 1, size - 1, names[data[0] & 3],
				     is_config, &p, &err);
	}
	return 0;
}
