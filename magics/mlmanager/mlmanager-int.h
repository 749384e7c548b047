/*
 * Inside of %mlmanager: mlmanager.c has the table of commands; runs.c, log.c,
 * compare.c, deploy.c, endpoints.c, jobs.c and retrain.c hold them; words.c
 * splits lines, show.c draws.
 */
#ifndef MAGICS_MLMANAGER_MLMANAGER_INT_H
#define MAGICS_MLMANAGER_MLMANAGER_INT_H

#include "magics/mlmanager/mlmanager.h"

#include "base/json.h"
#include "display/table.h"

/*
 * Split a line at white space; '…' and "…" keep what is between them, also in
 * the middle of a word (k="a b"), and a backslash keeps the next character
 * within double quotes.  A word that begins with { or [ is the rest of the
 * line as it is: JSON.  E_USAGE for a quote that is not closed.
 */
int words_split(const char *line, size_t n, struct strv *ret, struct err *err) _must_check_;
/* The words from `first` on with a space between them; the caller frees. */
char *words_join(const struct strv *words, size_t first);
/*
 * Take `--name VALUE` out of the words: *ret_value is the caller's, NULL when
 * it is not there.  E_USAGE without a value.
 */
int words_option(struct strv *words, const char *name, char **ret_value,
		 struct err *err) _must_check_;
/* Take `--name`, a switch, out of the words; whether it was there. */
bool words_switch(struct strv *words, const char *name);
/* E_USAGE for what is left that looks like an option, and was taken by none. */
int words_no_options(const struct strv *words, struct err *err) _must_check_;

/* Call the tracking client (args is stolen) and show its notices; *ret is new. */
int track(struct magic_call *call, const char *op, json_t *args, json_t **ret,
	  struct err *err) _must_check_;

/* The same for the Jobs Tracker (notebook/jobs.h). */
int jobs(struct magic_call *call, const char *op, json_t *args, json_t **ret,
	 struct err *err) _must_check_;

/* One line with a link: "LABEL NAME (NOTE)  PLACE"; url may be NULL. */
int show_link(struct magic_call *call, const char *label, const char *name, const char *note,
	      const char *url, const char *place, struct err *err) _must_check_;

/* A table whose values are all text. */
struct text_table {
	struct table *table;
	size_t n_columns;
};
enum { TEXT_TABLE_COLUMNS = 34 };

int text_table_init(struct text_table *t, const char *const *columns, size_t n, const char *title,
		    struct err *err) _must_check_;
void text_table_release(struct text_table *t);
/* n_columns texts, NULL for no value. */
int text_table_add(struct text_table *t, const char *const *texts, struct err *err) _must_check_;
int text_table_show(struct text_table *t, struct output *out, struct err *err) _must_check_;

/* "2026-01-31 12:00" in local time, "" for 0. */
enum { TIME_TEXT = 32 };
void time_text(char dst[TIME_TEXT], json_int_t ms);
/* A metric's value as people read it; "" when it is absent. */
enum { METRIC_TEXT = 40 };
void metric_text(char dst[METRIC_TEXT], const json_t *value);

/* The experiment or run, its id and its page; `verb`: what became of it. */
int show_experiment(struct magic_call *call, const json_t *experiment, const char *verb,
		    struct err *err) _must_check_;
int show_run(struct magic_call *call, const json_t *run, const char *verb,
	     struct err *err) _must_check_;

/* What the Jobs Tracker answers about a job: {"job", "page"}. */
int show_job(struct magic_call *call, const json_t *answer, struct err *err) _must_check_;
/*
 * Show the job's log until it ends; *ret_job (new) when it succeeded, else its
 * error.  Interrupted, it cancels the job.
 */
int follow_job(struct magic_call *call, const json_t *answer, json_t **ret_job,
	       struct err *err) _must_check_;

/*
 * A command; words[0] is its name, their number is within what the table says.
 * Returns 0, a negative error, or MAGIC_RELAY when call->relay has the rest of it:
 * then it must be the cell's last.
 */
typedef int command_fn(struct magic_call *call, struct strv *words, struct err *err);

command_fn command_experiment, command_experiments;
command_fn command_run, command_use, command_end, command_runs;
command_fn command_log, command_tag;
command_fn command_compare;
command_fn command_deploy, command_doctor, command_shift, command_undeploy;
command_fn command_endpoints, command_invoke;
command_fn command_jobs, command_job, command_cancel, command_retry;
command_fn command_retrain;

#endif
