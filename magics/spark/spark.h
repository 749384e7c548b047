/*
 * %spark.pyspark: Python in the child, with `spark`, `sc` and `z` at hand.
 */
#ifndef MAGICS_SPARK_SPARK_H
#define MAGICS_SPARK_SPARK_H

#include "magics/magic.h"

extern const struct magic magic_spark;

#endif
