/*
 * A reader over JSON in memory, for requests: values are handed on one by one
 * as they stand in the text, and no tree is built.  Texts are unescaped in
 * place, so a text may be read only once (it may be skipped before that).
 *
 * RFC 8259, and the words NaN, Infinity and -Infinity that Python writes.  The
 * body must be valid UTF-8, which is checked beforehand by json_reader_init.
 * Values nest at most JSON_READER_DEPTH deep.
 */
#ifndef SCORER_JSON_READER_H
#define SCORER_JSON_READER_H

#include "base/err.h"
#include "scorer/batch.h"

enum { JSON_READER_DEPTH = 32 };

struct json_reader {
	char *start, *p, *end; /* borrowed and changed */
};

enum json_token {
	JSON_TOKEN_END, /* of the text */
	JSON_TOKEN_OBJECT,
	JSON_TOKEN_ARRAY,
	JSON_TOKEN_TEXT,
	JSON_TOKEN_NUMBER, /* NaN and the infinities as well */
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
	JSON_TOKEN_OTHER, /* no value begins here */
};

/* E_INPUT when the text is not UTF-8. */
int json_reader_init(struct json_reader *r, char *text, size_t n, struct err *err) _must_check_;
/* E_INPUT: "the body is not valid JSON at byte 12: …". */
int json_reader_fail(const struct json_reader *r, struct err *err, const char *what);

/* What comes next; white space before it is passed over. */
enum json_token json_reader_peek(struct json_reader *r);

/*
 * Into an object or array, then from member to member:
 *	json_reader_enter(r, '[', err);
 *	while ((n = json_reader_more(r, ']', &first, err)) == 1) …
 * json_reader_more returns 1 when a value (or a key) follows, 0 behind the
 * closing bracket, or an error.  *first starts as true.
 */
int json_reader_enter(struct json_reader *r, char bracket, struct err *err) _must_check_;
int json_reader_more(struct json_reader *r, char bracket, bool *first,
		     struct err *err) _must_check_;
/* A key and its colon. */
int json_reader_key(struct json_reader *r, struct text *ret, struct err *err) _must_check_;

int json_reader_text(struct json_reader *r, struct text *ret, struct err *err) _must_check_;
int json_reader_number(struct json_reader *r, double *ret, struct err *err) _must_check_;
/* Pass over a value of any kind, checking it. */
int json_reader_skip(struct json_reader *r, struct err *err) _must_check_;
/* Nothing but white space follows. */
int json_reader_finish(struct json_reader *r, struct err *err) _must_check_;

bool text_is(const struct text *t, const char *s);

#endif
