/* Result sets become tables, updates become a line. */
#include "magics/splicemachine/show.h"

#include "base/clock.h"
#include "magics/splicemachine/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

enum {
	PATIENCE_MS = 1000, /* shorter work shows no progress */
	ROWS_BETWEEN_LOOKS = 512,
};

/* --- lines --------------------------------------------------------------- */

static void took(const struct sql_run *run, char dst[32])
{
	clock_duration(dst, 32, clock_ms() - run->started);
}

void show_line(struct sql_run *run, const char *fmt, ...)
{
	char text[1024], time[32];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	took(run, time);
	out_printf(run->call->out, STREAM_STDOUT, "%s (%s)\n", text, time);
}

void show_warning(struct sql_run *run, const char *state, const char *text)
{
	out_printf(run->call->out, STREAM_STDOUT, "WARNING %s: %s\n", state, text);
}

static void show_warnings(struct sql_run *run, const struct db_result *r)
{
	for (const char *const *w = db_result_warnings(r); *w; w++)
		out_printf(run->call->out, STREAM_STDOUT, "WARNING %s\n", *w);
}

/* --- progress ------------------------------------------------------------ */

static void live_draw(struct live *live, const struct progress *p)
{
	struct output *out = live->run->call->out;
	_cleanup_bundle_ struct bundle b = {0};
	struct err ignored = ERR_INIT;

	if (bundle_init(&b, &ignored) < 0 || progress_render(p, &b, &ignored) < 0)
		return;
	out->display(out, &b, live->id, /* update= */ live->shown != 0);
	live->shown = clock_ms();
}

void live_begin(struct live *live, struct sql_run *run)
{
	unsigned char random[16] = {0};

	*live = (struct live){.run = run, .began = clock_ms()};
	if (getrandom(random, sizeof(random), 0) < 0)
		memcpy(random, &live->began, sizeof(live->began));
	str_hex(live->id, random, sizeof(random));
}

void live_update(struct live *live, struct progress *p)
{
	int64_t now = clock_ms();

	p->elapsed_ms = now - live->began;
	if (p->elapsed_ms >= PATIENCE_MS && now - live->shown >= PROGRESS_MIN_MS)
		live_draw(live, p);
}

void live_end(struct live *live, struct progress *p, bool failed)
{
	if (live->shown == 0)
		return;
	p->elapsed_ms = clock_ms() - live->began;
	p->finished = true;
	p->failed = failed;
	live_draw(live, p);
}

/* --- tables -------------------------------------------------------------- */

int show_table(struct sql_run *run, struct table *t, bool more_follow, struct err *err)
{
	struct output *out = run->call->out;
	_cleanup_bundle_ struct bundle b = {0};
	char note[32];
	int r;

	took(run, note);
	r = table_set_note(t, note, err);
	if (r == 0)
		r = bundle_init(&b, err);
	if (r == 0)
		r = table_render(t, &b, err);
	if (r < 0)
		return r;
	if (run->index + 1 == run->n_statements && !more_follow)
		out->result(out, &b);
	else
		out->display(out, &b, /* display_id= */ NULL, /* update= */ false);
	return 0;
}

/* A result set on its way into a table. */
struct view {
	size_t n;                  /* columns of the result */
	size_t shown;              /* columns shown */
	size_t *pick;              /* owned: the result's column of each shown one */
	const struct column *from; /* borrowed */
	struct column *columns;    /* owned array of borrowed texts: as shown */
	struct value *row;         /* owned: as shown */
	const struct show_filter *filter;
	size_t schema_at, table_at; /* columns that the filter compares; n: none */
};

static void view_release(struct view *v)
{
	free(v->pick);
	free(v->columns);
	free(v->row);
}

static size_t find_column(const struct view *v, const char *name, size_t name_len)
{
	for (size_t i = 0; i < v->n; i++)
		if (strlen(v->from[i].name) == name_len &&
		    strncasecmp(v->from[i].name, name, name_len) == 0)
			return i;
	return v->n;
}

/* Columns that this server's procedure does not have are left out. */
static void pick_columns(struct view *v)
{
	const char *names = v->filter->columns;

	if (!names)
		for (v->shown = 0; v->shown < v->n; v->shown++)
			v->pick[v->shown] = v->shown;
	while (names && *names) {
		size_t n = strcspn(names, " ");
		size_t at = find_column(v, names, n);

		if (at < v->n && v->shown < v->n)
			v->pick[v->shown++] = at;
		names += n + (names[n] == ' ');
	}
	for (size_t i = 0; i < v->shown; i++)
		v->columns[i] = v->from[v->pick[i]];
}

static int view_init(struct view *v, const struct db_result *r, const struct show_filter *filter,
		     struct err *err)
{
	*v = (struct view){.filter = filter};
	v->n = db_result_columns(r, &v->from);
	v->pick = calloc(v->n, sizeof(*v->pick));
	v->columns = calloc(v->n, sizeof(*v->columns));
	v->row = calloc(v->n, sizeof(*v->row));
	if (!v->pick || !v->columns || !v->row)
		return err_nomem(err);
	pick_columns(v);
	v->schema_at = filter->schema ? find_column(v, "TABLE_SCHEM", 11) : v->n;
	v->table_at = filter->table ? find_column(v, "TABLE_NAME", 10) : v->n;
	return 0;
}

static bool differs(const struct view *v, const struct value *row, size_t at, const char *text)
{
	if (at == v->n || row[at].null || !value_is_text(row[at].type))
		return false;
	return row[at].s.n != strlen(text) || memcmp(row[at].s.p, text, row[at].s.n) != 0;
}

static int view_add(struct view *v, struct table *t, const struct value *row, struct err *err)
{
	if (!v->filter->columns)
		return table_add(t, row, err);
	if (differs(v, row, v->schema_at, v->filter->schema) ||
	    differs(v, row, v->table_at, v->filter->table))
		return 0;
	for (size_t i = 0; i < v->shown; i++)
		v->row[i] = row[v->pick[i]];
	return table_add(t, v->row, err);
}

/* The next row, shown or, behind those that are, counted.  As db_result_next. */
static int read_row(struct sql_run *run, struct db_result *r, struct view *v, struct table *t,
		    struct err *err)
{
	bool wanted = v->filter->columns || !table_full(t);
	const struct value *row;
	int more = db_result_next(r, run->call->cancel, wanted ? &row : NULL, err);
	int code = more == 1 && wanted ? view_add(v, t, row, err) : 0;

	if (more == 1 && !wanted)
		table_add_unseen(t, 1);
	return code < 0 ? code : more;
}

static int read_rows(struct sql_run *run, struct db_result *r, struct view *v, struct table *t,
		     struct err *err)
{
	struct progress p = {.what = "reading rows", .unit = "rows"};
	struct live live;
	int more;

	live_begin(&live, run);
	while ((more = read_row(run, r, v, t, err)) == 1) {
		p.done++;
		if (p.done % ROWS_BETWEEN_LOOKS == 0)
			live_update(&live, &p);
	}
	live_end(&live, &p, more < 0);
	return more;
}

/* The current result set; *ret_more: another one follows. */
static int show_set(struct sql_run *run, struct db_result *r, const struct show_filter *filter,
		    bool *ret_more, uint64_t *ret_rows, struct err *err)
{
	const struct table_options options = {.keep = run->keep, .chart = run->chart};
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_(view_release) struct view v = {0};
	int code = view_init(&v, r, filter, err);

	if (code == 0)
		code = table_new(v.columns, v.shown, &options, &t, err);
	if (code == 0)
		code = read_rows(run, r, &v, t, err);
	if (code == 0)
		code = db_result_more(r, run->call->cancel, err);
	if (code < 0)
		return code;
	*ret_more = code == 1;
	if (ret_rows)
		*ret_rows = table_rows(t);
	return show_table(run, t, *ret_more, err);
}

int show_result(struct sql_run *run, struct db_result *r, const struct sql_statement *st,
		const struct show_filter *filter, uint64_t *ret_rows, struct err *err)
{
	const struct column *columns;
	bool more = db_result_columns(r, &columns) > 0;

	if (!more)
		words_done(run, st, db_result_count(r));
	while (more) {
		int code = show_set(run, r, filter, &more, ret_rows, err);

		if (code < 0)
			return code;
	}
	show_warnings(run, r);
	return 0;
}
