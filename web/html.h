/*
 * Writing HTML.  There is one way: a template that is a string literal (the
 * macro does not compile with anything else) and arguments, of which every
 * text is escaped.  So markup can only come from our sources, and a name of
 * a run, an app or a file can never become any.
 *
 * Templates know %s (text; NULL is empty), %d, %ld (int64_t as long), %zu and
 * %%.  Attribute values stand between double quotes.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "base/buf.h"

#define html(b, ...) html_put((b), "" __VA_ARGS__)
void html_put(struct buf *b, const char *template, ...) ERR_PRINTF(2, 3);

/* Text with &, <, >, " and ' as references, what is no UTF-8 as U+FFFD, control characters as
 * blanks. */
void html_text(struct buf *b, const char *s);
/* A part of a path or query, percent-encoded. */
void html_part(struct buf *b, const char *s);
/* A link to an address from outside; only its text unless it is http or https. */
void html_link(struct buf *b, const char *url, const char *text);
/* <time> with the moment in UTC, as the page's script makes it local; "" for 0. */
void html_time(struct buf *b, int64_t ms);

#endif
