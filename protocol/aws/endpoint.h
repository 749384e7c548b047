/*
 * Where a service is: AWS's own host names, or an address that the user set.
 */
#ifndef PROTOCOL_AWS_ENDPOINT_H
#define PROTOCOL_AWS_ENDPOINT_H

#include "base/cleanup.h"
#include "base/err.h"

/* E_INPUT unless the text has a region's form: it becomes part of a host's name. */
int aws_region_check(const char *region, struct err *err) _must_check_;
/* "amazonaws.com", or the one of the region's own partition; static. */
const char *aws_domain(const char *region);

/*
 * Split "http://Host:80/path/" so that the origin is what the Host header
 * says ("http://Host") and the prefix has no slash at its end; the caller
 * frees both.  E_INPUT, naming AWS_ENDPOINT_URL_<service>.
 */
int aws_endpoint_split(const char *service, const char *url, char **ret_origin, char **ret_prefix,
		       struct err *err) _must_check_;

#endif
