/*
 * XML answers of AWS: a walk over the elements that hands on each one's path
 * and text.  Read with expat; a document type declaration is refused, and
 * namespaces are not looked at.
 */
#ifndef PROTOCOL_AWS_XML_H
#define PROTOCOL_AWS_XML_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

/* An element ended: its path from the root ("Error/Code") and its own text. */
typedef int xml_element_fn(void *userdata, const char *path, const char *text, struct err *err);

/* E_PROTO when the text is no XML, else fn's first error. */
int xml_walk(const void *text, size_t n, xml_element_fn *fn, void *userdata,
	     struct err *err) _must_check_;

/* Percent-decode a value in place; `%00` stays as it is.  With `plus`, `+` is a space. */
void xml_url_decode(char *s, bool plus);

#endif
