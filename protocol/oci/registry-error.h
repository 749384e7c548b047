/*
 * A registry's error answers: `{"errors": [{"code", "message", "detail"}]}`
 * (OCI Distribution Specification 1.1, "Error Codes").
 */
#ifndef PROTOCOL_OCI_REGISTRY_ERROR_H
#define PROTOCOL_OCI_REGISTRY_ERROR_H

#include "base/err.h"

#include <stddef.h>

/*
 * Tell what an answer with this status and body says; a body that is no error
 * of the specification leaves the status to speak.  Returns the code set.
 */
int registry_error_tell(int status, const void *body, size_t n, struct err *err);

#endif
