/*
 * A MIME bundle: what display_data carries.  Every bundle that leaves this
 * program has text/plain that reads well in a terminal; HTML is escaped and
 * safe in every front end, trusted or not (no script, style element or id).
 */
#ifndef DISPLAY_BUNDLE_H
#define DISPLAY_BUNDLE_H

#include "base/buf.h"
#include "base/json.h"

struct bundle {
	json_t *data;     /* owned: MIME type -> string or JSON value */
	json_t *metadata; /* owned: object */
};

int bundle_init(struct bundle *b, struct err *err) _must_check_;
void bundle_release(struct bundle *b);
/* Text of any origin: bytes that are no UTF-8 are repaired.  Replaces an earlier value. */
int bundle_set_text(struct bundle *b, const char *mime, const char *text, size_t n,
		    struct err *err) _must_check_;
/* Steals value, also when it fails; a NULL value is out of memory. */
int bundle_set_json(struct bundle *b, const char *mime, json_t *value,
		    struct err *err) _must_check_;

/* Append n bytes of text with & < > " ' written as entities, control characters made visible. */
void html_escape(struct buf *out, const char *text, size_t n);

#define _cleanup_bundle_ _cleanup_(bundle_release)

#endif
