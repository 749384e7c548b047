/*
 * Any bytes as the body of a request, JSON or CSV, to a model with a column of
 * every type.  The first byte chooses the format and the answer's.
 */
#include "base/limits.h"
#include "base/str.h"
#include "scorer/invoke.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char model_text[] =
	"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":["
	"{\"name\":\"d\",\"type\":\"double\"},{\"name\":\"f\",\"type\":\"float\"},"
	"{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"boolean\"},"
	"{\"name\":\"m\",\"type\":\"decimal\"},{\"name\":\"s\",\"type\":\"string\"},"
	"{\"name\":\"v\",\"type\":\"vector\",\"size\":2}],\"stages\":["
	"{\"kind\":\"StringIndexer\",\"inputs\":[\"s\",\"d\"],\"outputs\":[\"si\",\"di\"],"
	"\"labels\":[[\"a\",\"b\"],[\"1.0\",\"NaN\"]],\"handle_invalid\":\"keep\"},"
	"{\"kind\":\"VectorAssembler\",\"inputs\":[\"d\",\"f\",\"i\",\"b\",\"m\",\"si\",\"di\","
	"\"v\"],\"sizes\":[1,1,1,1,1,1,1,2],\"output\":\"o\",\"handle_invalid\":\"keep\"}],"
	"\"outputs\":{\"prediction\":\"s\",\"raw\":\"o\"}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_(batch_freep) struct batch *batch = NULL;
	_cleanup_free_ char *body = NULL;
	_cleanup_buf_ struct buf answer = {0};
	struct invocation in = {0};
	struct err err = ERR_INIT;
	size_t rows;

	if (size == 0)
		return 0;
	if (model_parse(model_text, sizeof(model_text) - 1, &m, &err) < 0)
		abort();
	if (model_batch_new(m, &batch, &err) < 0)
		return 0;
	/* Of exactly the size, so that a sanitizer sees what is read behind it. */
	body = malloc(size - 1 ? size - 1 : 1);
	if (!body)
		return 0;
	if (size > 1)
		memcpy(body, data + 1, size - 1);
	in = (struct invocation){.type = data[0] & 1 ? BODY_CSV : BODY_JSON,
				 .csv_answer = data[0] & 2,
				 .all = data[0] & 4,
				 .body = body,
				 .n = size - 1};
	buf_init(&answer, MIB(16));
	if (invoke(m, batch, &in, &answer, &rows, &err) == 0 &&
	    !utf8_valid((const char *)answer.data, answer.len))
		abort();
	return 0;
}
