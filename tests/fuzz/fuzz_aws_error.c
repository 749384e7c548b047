/* Error answers of AWS, and trust policies. */
#include "protocol/aws/aws-error.h"
#include "protocol/aws/iam.h"

#include "base/str.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = str_ndup((const char *)data, size);
	struct err err = ERR_INIT;
	bool answer;

	(void)aws_error_tell(400, NULL, data, size, &answer, &err);
	if (text)
		(void)!iam_policy_trusts(text, "sagemaker.amazonaws.com", &answer, &err);
	return 0;
}
