/* WWW-Authenticate headers of registries. */
#include "protocol/oci/challenge.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_challenge_ struct challenge c = {0};
	_cleanup_free_ char *text = str_ndup((const char *)data, size);
	struct err err = ERR_INIT;

	if (text)
		(void)!challenge_parse(text, &c, &err);
	return 0;
}
