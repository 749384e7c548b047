/*
 * Error answers of AWS's services: JSON with `__type`, or the XML of the
 * Query protocol; what they mean here and whether they pass.
 */
#ifndef PROTOCOL_AWS_AWS_ERROR_H
#define PROTOCOL_AWS_AWS_ERROR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Tell what an answer says.  type is the header x-amzn-ErrorType (may be
 * NULL).  *ret_passes: it passes by itself, try again.  Returns the code set.
 */
int aws_error_tell(int status, const char *type, const void *body, size_t n, bool *ret_passes,
		   struct err *err);

#endif
