/*
 * Runs side by side: what they are, their parameters, their metrics.  Rows
 * that differ are marked; metrics get their difference.
 */
#include "magics/mlmanager/mlmanager-int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	FIXED_COLUMNS = 2, /* in front: kind and name */
	LAST_COLUMNS = 2,  /* behind: the mark and the difference */
	RUNS_MAX = TEXT_TABLE_COLUMNS - FIXED_COLUMNS - LAST_COLUMNS,
	TITLE_MAX = 120,
};

struct comparison {
	size_t n;
	json_t *runs[RUNS_MAX]; /* owned */
	char titles[RUNS_MAX][TITLE_MAX];
	struct text_table table;
};

static void comparison_release(struct comparison *c)
{
	for (size_t i = 0; i < c->n; i++)
		json_decref(c->runs[i]);
	text_table_release(&c->table);
}

static int get_runs(struct magic_call *call, const struct strv *words, struct comparison *c,
		    struct err *err)
{
	for (size_t i = 1; i < words->len; i++) {
		json_auto_t *result = NULL;
		json_t *run;
		int r = track(call, "get_run", json_pack("{s:s}", "run_id", words->items[i]),
			      &result, err);

		if (r < 0)
			return r;
		run = json_object_get(result, "run");
		snprintf(c->titles[c->n], TITLE_MAX, "%.80s (%.8s)", json_get_str(run, "name", ""),
			 json_get_str(run, "id", ""));
		c->runs[c->n++] = json_incref(run);
	}
	return 0;
}

static int make_table(struct comparison *c, struct err *err)
{
	const char *columns[TEXT_TABLE_COLUMNS] = {"", "name"};

	for (size_t i = 0; i < c->n; i++)
		columns[FIXED_COLUMNS + i] = c->titles[i];
	columns[FIXED_COLUMNS + c->n] = "differs";
	columns[FIXED_COLUMNS + c->n + 1] = c->n == 2 ? "second - first" : "max - min";
	return text_table_init(&c->table, columns, FIXED_COLUMNS + c->n + LAST_COLUMNS,
			       "Runs compared", err);
}

static bool all_same(const char *const *texts, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((texts[i] == NULL) != (texts[0] == NULL) ||
		    (texts[i] && !str_eq(texts[i], texts[0])))
			return false;
	return true;
}

static int add_row(struct comparison *c, const char *kind, const char *name,
		   const char *const *texts, const char *difference, struct err *err)
{
	const char *row[TEXT_TABLE_COLUMNS] = {kind, name};

	memcpy(&row[FIXED_COLUMNS], texts, c->n * sizeof(*texts));
	row[FIXED_COLUMNS + c->n] = all_same(texts, c->n) ? "" : "≠";
	row[FIXED_COLUMNS + c->n + 1] = difference;
	return text_table_add(&c->table, row, err);
}

static int add_run_rows(struct comparison *c, struct err *err)
{
	static const char *const members[] = {"status", "user"};
	const char *texts[RUNS_MAX];
	char times[RUNS_MAX][TIME_TEXT];
	int r = 0;

	for (size_t m = 0; r == 0 && m < ARRAY_LEN(members); m++) {
		for (size_t i = 0; i < c->n; i++)
			texts[i] = json_get_str(c->runs[i], members[m], "");
		r = add_row(c, "run", members[m], texts, "", err);
	}
	for (size_t i = 0; i < c->n; i++) {
		time_text(times[i], json_get_int(c->runs[i], "start_time", 0));
		texts[i] = times[i];
	}
	return r < 0 ? r : add_row(c, "run", "started", texts, "", err);
}

/* The names in `member` of any run, sorted; a new object whose values do not matter. */
static json_t *all_names(const struct comparison *c, const char *member)
{
	json_auto_t *names = json_object();

	for (size_t i = 0; i < c->n; i++) {
		json_t *values = json_object_get(c->runs[i], member);

		if (values && json_object_update(names, values) < 0)
			return NULL;
	}
	return json_incref(names);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef int row_fn(struct comparison *c, const char *name, struct err *err);

static int each_name(struct comparison *c, const char *member, row_fn *fn, struct err *err)
{
	json_auto_t *names = all_names(c, member);
	_cleanup_free_ const char **sorted = NULL;
	const char *name;
	json_t *value;
	size_t n = 0;
	int r = 0;

	sorted = names ? calloc(json_object_size(names) + 1, sizeof(*sorted)) : NULL;
	if (!sorted)
		return err_nomem(err);
	json_object_foreach (names, name, value)
		sorted[n++] = name;
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = fn(c, sorted[i], err);
	return r;
}

static int add_param(struct comparison *c, const char *name, struct err *err)
{
	const char *texts[RUNS_MAX];

	for (size_t i = 0; i < c->n; i++)
		texts[i] = json_get_str(json_object_get(c->runs[i], "params"), name, NULL);
	return add_row(c, "parameter", name, texts, "", err);
}

/* "" unless every run has a finite number. */
static void difference_text(char dst[METRIC_TEXT], const struct comparison *c, const char *name)
{
	double first = 0, last = 0, low = INFINITY, high = -INFINITY;

	dst[0] = '\0';
	for (size_t i = 0; i < c->n; i++) {
		const json_t *v = json_object_get(json_object_get(c->runs[i], "metrics"), name);

		if (!json_is_number(v))
			return;
		last = json_number_value(v);
		first = i == 0 ? last : first;
		low = fmin(low, last);
		high = fmax(high, last);
	}
	if (c->n == 2)
		snprintf(dst, METRIC_TEXT, "%+.6g", last - first);
	else
		snprintf(dst, METRIC_TEXT, "%.6g", high - low);
}

static int add_metric(struct comparison *c, const char *name, struct err *err)
{
	const char *texts[RUNS_MAX];
	char values[RUNS_MAX][METRIC_TEXT];
	char difference[METRIC_TEXT];

	for (size_t i = 0; i < c->n; i++) {
		const json_t *v = json_object_get(json_object_get(c->runs[i], "metrics"), name);

		metric_text(values[i], v);
		texts[i] = v ? values[i] : NULL;
	}
	difference_text(difference, c, name);
	return add_row(c, "metric", name, texts, difference, err);
}

int command_compare(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_(comparison_release) struct comparison c = {0};
	int r;

	if (words->len < 3 || words->len - 1 > RUNS_MAX) {
		r = err_set(err, E_USAGE, "compare takes 2 to %d runs", RUNS_MAX);
		err_set_hint(err,
			     "%%mlmanager compare RUN RUN, each a name, an id or its beginning");
		return r;
	}
	r = get_runs(call, words, &c, err);
	if (r == 0)
		r = make_table(&c, err);
	if (r == 0)
		r = add_run_rows(&c, err);
	if (r == 0)
		r = each_name(&c, "params", add_param, err);
	if (r == 0)
		r = each_name(&c, "metrics", add_metric, err);
	return r < 0 ? r : text_table_show(&c.table, call->out, err);
}
