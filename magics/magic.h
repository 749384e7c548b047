/*
 * What a magic is, and all that it may know of the program around it.
 *
 * A magic is one folder `magics/NAME/`, one line in the table of
 * `magics/table.c` and one test file.  The table entry is data: name,
 * options, summary, usage; help (`%NAME --help`), completion of names and
 * options, usage errors and docs/MAGICS.md follow from it.
 *
 * A cell's magic line (`%NAME` or `%%NAME`, then options and arguments) is
 * parsed by magics/cell.c before `run` is called; the body is the text below
 * it.  `run` works in the worker thread of the cell's subshell.  It puts
 * results out through call->out, looks at call->cancel in every wait and
 * returns 0, MAGIC_RELAY, or a negative error, which the kernel shows and
 * replies once.
 */
#ifndef MAGICS_MAGIC_H
#define MAGICS_MAGIC_H

#include "base/cancel.h"
#include "display/bundle.h"
#include "notebook/notebook.h"

enum stream_name { STREAM_STDOUT, STREAM_STDERR };

/* Where a cell's output goes.  Implemented by the kernel; usable from the worker thread only. */
struct output {
	/* Text for stdout or stderr; small pieces are put together before they are sent. */
	void (*stream)(struct output *out, enum stream_name name, const char *text, size_t n);
	/* Show a bundle.  display_id may be NULL; with one, `update` shows it in place of the
	 * earlier one.  The bundle stays the caller's. */
	void (*display)(struct output *out, const struct bundle *b, const char *display_id,
			bool update);
	/* Show a bundle as the cell's result, Out[n]; at most once a cell. */
	void (*result)(struct output *out, const struct bundle *b);
	void (*clear)(struct output *out, bool wait);
	/* Ask the user; the answer is the caller's, wiped by it when secret.  E_UNSUPPORTED when
	 * the front end takes no input. */
	int (*input)(struct output *out, const char *prompt, bool password, char **ret,
		     struct err *err);
};

__attribute__((format(printf, 3, 4))) void out_printf(struct output *out, enum stream_name name,
						      const char *fmt, ...);

/*
 * One line under the cell for what takes time ("starting MLflow … 4 s"), each
 * new text in place of the one before.  Its `out` is set by the caller.
 */
struct out_notice {
	struct output *out;
	char id[40]; /* display_id, once something was shown */
};
/* A services_notice_fn, session_notice_fn and files_notice_fn; userdata is a struct out_notice. */
void out_notice_show(void *userdata, const char *text);

struct magic_option {
	const char *name;  /* "chart", used as --chart */
	char letter;       /* 'c' for -c, or 0 */
	const char *value; /* "pie|bar|none" lists the allowed words, "N" a whole number, "NAME"
			    * anything; NULL for a switch */
	const char *help;  /* one line */
};

/* An option as given; options not given have no entry. */
struct magic_arg {
	const struct magic_option *option;
	const char *value; /* NULL for a switch */
};

struct magic_call {
	const struct magic *magic;
	const struct magic_arg *args; /* options given, in order */
	size_t n_args;
	const char *const *words; /* further words of the magic line, NULL-terminated */
	size_t n_words;
	const char *body; /* the cell below the magic line, NUL-terminated; with inline_body the
			   * text behind the options stands before it */
	size_t body_len;
	const char *cell;        /* the whole cell as typed */
	int body_line;           /* line number of the body's first line in the cell, from 1 */
	bool silent;             /* execute_request's silent */
	struct notebook *nb;     /* shared by all cells */
	struct session *session; /* of this subshell */
	struct output *out;
	struct cancel *cancel;
	/* Set by a magic that returns MAGIC_RELAY; the kernel releases both. */
	char *relay;            /* Python for the child; NULL relays the body */
	json_t *relay_metadata; /* object merged into metadata.splice (docs/BRIDGE.md), or NULL */
};

enum { MAGIC_RELAY = 1 }; /* run: the rest of this cell belongs to the child */

struct magic {
	const char *name;    /* "splicemachine", without the percent sign */
	const char *summary; /* one line for the list of magics */
	const char *usage;   /* a few lines with examples, shown by --help and on errors */
	const struct magic_option *options; /* ends with a NULL name; may be NULL */
	bool takes_words;                   /* false: words beside the options are a usage error */
	bool inline_body;                   /* text behind the options is body: `%sql select 1` */
	int (*run)(struct magic_call *call, struct err *err);
	/*
	 * Completion inside the body: add matches for the text before byte `at`, and set
	 * *ret_start to where the completed word begins.  May be NULL.  Must not wait.
	 */
	int (*complete)(struct notebook *nb, const char *body, size_t at, struct strv *ret,
			size_t *ret_start, struct err *err);
};

/* All magics, ending with NULL. */
extern const struct magic *const magics_all[];
const struct magic *magic_find(const char *name, size_t n);

/* Help as `%NAME --help` shows it, made from the table entry; the caller frees. */
char *magic_help(const struct magic *m);

/* The value of an option given, or NULL.  For a switch: whether it was given. */
const char *magic_arg_value(const struct magic_call *call, const char *option);
bool magic_arg_given(const struct magic_call *call, const char *option);

#endif
