/* The table of magics: one line each. */
#include "magics/magic.h"
#include "magics/mlmanager/mlmanager.h"
#include "magics/spark/spark.h"
#include "magics/splicemachine/splicemachine.h"

const struct magic *const magics_all[] = {
	&magic_splicemachine,
	&magic_spark,
	&magic_mlmanager,
	NULL,
};
