/* The table of magics: one line each. */
#include "magics/magic.h"
#include "magics/mlmanager/mlmanager.h"
#include "magics/spark/spark.h"

const struct magic *const magics_all[] = {
	&magic_spark,
	&magic_mlmanager,
	NULL,
};
