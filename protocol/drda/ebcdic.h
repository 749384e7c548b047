/*
 * EBCDIC code page 500 to and from UTF-8.
 */
#ifndef DRDA_EBCDIC_H
#define DRDA_EBCDIC_H

#include "base/buf.h"

/* Append the text; E_UNSUPPORTED for a character that the code page lacks. */
int ebcdic_put(struct buf *b, const char *text, struct err *err) _must_check_;

/* Append n bytes of EBCDIC as UTF-8. */
void ebcdic_decode(struct buf *dst, const uint8_t *p, size_t n);

#endif
