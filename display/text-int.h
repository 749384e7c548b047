/*
 * Text of unknown origin made safe to look at: bytes that are no UTF-8 become
 * U+FFFD, and characters that change how their neighbours are read (control
 * characters, bidirectional controls) are shown instead of obeyed.
 */
#ifndef DISPLAY_TEXT_INT_H
#define DISPLAY_TEXT_INT_H

#include "base/buf.h"

/* Line feed and tab: pictures ("␊", "␉") or themselves. */
enum text_layout { TEXT_LINE, TEXT_KEEP_LAYOUT };

void text_visible(struct buf *out, const char *s, size_t n, enum text_layout layout);
#define TEXT_ELLIPSIS "\xE2\x80\xA6"
/*
 * The same on one line of at most `width` terminal columns; `tail` stands
 * for what is cut off.  True when something was.
 */
bool text_fitted(struct buf *out, const char *s, size_t n, size_t width, const char *tail);
/* Terminal columns of text that went through text_visible. */
size_t text_width(const char *s, size_t n);
size_t text_buf_width(const struct buf *text);
/* Text put together apart: when `part` failed, what it was for has failed. */
void text_fails_with(struct buf *out, const struct buf *part);
/* Bytes of the first `chars` characters; n when there are not more. */
size_t text_cut(const char *s, size_t n, size_t chars);
/* `text` (visible) in a field of `width` columns. */
void text_padded(struct buf *out, const struct buf *text, size_t width, bool right);
/* A character n times. */
void text_repeat(struct buf *out, const char *character, size_t n);

/* html_escape of the first `chars` characters of s; "…" when there are more. */
void html_escape_cut(struct buf *out, const char *s, size_t chars);

#endif
