/* %spark.pyspark hands its body to the child; the kernel relays what comes back. */
#include "magics/spark/spark.h"

static int run(struct magic_call *call, struct err *err)
{
	if (!magic_arg_given(call, "python2-division"))
		return MAGIC_RELAY;
	call->relay_metadata = json_pack("{sb}", "python2_division", 1);
	return call->relay_metadata ? MAGIC_RELAY : err_nomem(err);
}

static const struct magic_option options[] = {
	{"python2-division", 0, NULL, "int / int floors in this cell, as in Python 2"},
	{NULL, 0, NULL, NULL},
};

const struct magic magic_spark = {
	.name = "spark.pyspark",
	.summary = "run Python, with Spark as `spark`, `sc` and tables by `z.show`",
	.usage = "%spark.pyspark\ndf = spark.range(10)\nz.show(df)",
	.options = options,
	.inline_body = true,
	.run = run,
};
