/* protocol/jobs/client.c: addresses; of one that is taken, the token is in no text that is shown.
 */
#include "protocol/jobs/jobs.h"

#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *address = str_ndup((const char *)data, size);
	_cleanup_(jobs_client_freep) struct jobs_client *c = NULL;

	if (!address || jobs_client_new(address, NULL, &c, NULL) < 0)
		return 0;
	if (strpbrk(jobs_client_url(c), "?#@") || strstr(jobs_client_url(c), "token="))
		abort();
	return 0;
}
