/*
 * Packed decimal numbers: two digits a byte, the sign in the last half byte
 * (C or F plus, D minus).  Decimals stay text on our side, exactly as many
 * digits as the server sent.
 */
#ifndef DRDA_PACKED_H
#define DRDA_PACKED_H

#include "base/buf.h"

/* Digits that DECIMAL may have: 31 on Derby, 38 on Splice. */
enum { PACKED_PRECISION_MAX = 38, PACKED_TEXT_MAX = PACKED_PRECISION_MAX + 4 };

/* Bytes of a packed number of so many digits. */
size_t packed_size(int precision);

/*
 * Text of packed_size(precision) bytes at p, such as "-12.50" or "0.05", into
 * dst (PACKED_TEXT_MAX); its length, or 0 when a half byte is no digit.
 */
size_t packed_text(char *dst, const uint8_t *p, int precision, int scale);

/* `text` is a number (sign, digits, point, digits) of which no digit would be lost. */
bool packed_fits(const char *text, size_t n, int precision, int scale);
/* Append a number that fits; false, with nothing written, for another. */
bool packed_put(struct buf *b, const char *text, size_t n, int precision, int scale);

#endif
