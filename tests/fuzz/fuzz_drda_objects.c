/* Frames and objects as they come from a server: every object is read whole or skipped. */
#include "protocol/drda/ddm.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_more(void *userdata, struct buf *in, struct err *err)
{
	(void)userdata;
	(void)in;
	return err_set(err, E_CLOSED, "the end");
}

static void walk(struct rd r, int depth)
{
	struct ddm o;

	while (depth < 4 && ddm_read(&r, &o))
		walk(o.body, depth + 1);
}

static int read_object(struct dss_reader *r, const struct ddm_head *head)
{
	_cleanup_buf_ struct buf part;
	struct rd body;
	uint64_t total;
	int code;

	buf_init(&part, 1000);
	if (head->cp % 3 == 0)
		return ddm_skip(r, NULL);
	if (head->cp % 3 == 1)
		return ddm_append(r, &part, 100, &total, NULL);
	code = ddm_body(r, &body, NULL);
	if (code == 0)
		walk(body, 0);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dss_reader r;
	struct dss_head dss;
	struct ddm_head head;
	int code = 0;

	dss_reader_init(&r, MIB(1), no_more, NULL);
	buf_put(&r.in, data, size);
	while (code == 0 && dss_next(&r, &dss, NULL) == 0)
		while ((code = ddm_next(&r, &head, NULL)) > 0 &&
		       (code = read_object(&r, &head)) == 0)
			;
	dss_reader_release(&r);
	return 0;
}
