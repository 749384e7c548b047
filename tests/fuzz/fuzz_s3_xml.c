/* S3's answers, as an error and as a listing. */
#include "protocol/aws/s3-xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_s3_error_ struct s3_error e = {0};
	_cleanup_s3_page_ struct s3_page p = {0};
	struct err err = ERR_INIT;

	(void)!s3_xml_error(data, size, &e, &err);
	(void)!s3_xml_page(data, size, &p, &err);
	return 0;
}
