/* SQLCA and the column descriptions behind it. */
#include "protocol/drda/sqldard.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqldard d = {0};
	struct rd r = rd_make(data, size);
	struct sqlca ca;
	char text[100];

	if (sqlca_read(&ca, &r, NULL) == 0) {
		sqlca_text(&ca, text, sizeof(text));
		if (strlen(text) >= sizeof(text) || sqlca_count(&ca) == -12345)
			abort();
	}
	r = rd_make(data, size);
	if (sqldard_read(&d, &ca, &r, NULL) == 0)
		for (size_t i = 0; i < d.n; i++)
			if (!d.columns[i].name || !d.columns[i].type_name)
				abort();
	sqldard_release(&d);
	r = rd_make(data, size);
	(void)!sqldard_read_result_set(&d, &r, NULL);
	sqldard_release(&d);
	return 0;
}
