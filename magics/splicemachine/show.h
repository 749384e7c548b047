/*
 * Results as a user sees them: tables with their counts and times, one line
 * for what returns no rows, progress for what takes more than a second.
 */
#ifndef MAGICS_SPLICEMACHINE_SHOW_H
#define MAGICS_SPLICEMACHINE_SHOW_H

#include "display/progress.h"
#include "magics/splicemachine/run.h"

/*
 * A progress display that appears after a second, changes at most every
 * PROGRESS_MIN_MS, and ends as one line.  `{.run = run}` is a new one.
 */
struct live {
	struct sql_run *run;
	int64_t began;
	int64_t shown; /* clock_ms of the last update; 0: not shown yet */
	char id[40];
};

void live_begin(struct live *live, struct sql_run *run);
/* p's elapsed_ms is set here.  Trouble with drawing is not worth failing for: it is ignored. */
void live_update(struct live *live, struct progress *p);
/* The last state, if anything was shown: finished, or failed. */
void live_end(struct live *live, struct progress *p, bool failed);

/* Which rows and columns of a result are shown; {0}: all. */
struct show_filter {
	const char *columns; /* names, blank-separated */
	const char *schema;  /* rows whose TABLE_SCHEM is another are left out; or NULL */
	const char *table;   /* the same for TABLE_NAME */
};

/* All result sets, the count or nothing of `r`; *ret_rows (may be NULL): rows of the last set. */
int show_result(struct sql_run *run, struct db_result *r, const struct sql_statement *st,
		const struct show_filter *filter, uint64_t *ret_rows, struct err *err) _must_check_;
/* A finished table, as the cell's result when the statement is the last. */
int show_table(struct sql_run *run, struct table *t, bool more_follow,
	       struct err *err) _must_check_;
/* "TEXT (0.02 s)" as a line. */
__attribute__((format(printf, 2, 3))) void show_line(struct sql_run *run, const char *fmt, ...);
void show_warning(struct sql_run *run, const char *state, const char *text);

#endif
