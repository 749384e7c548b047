/* Comparing answers. */
#include "scorer/parity.h"

#include "base/limits.h"
#include "base/str.h"
#include "scorer/invoke.h"
#include "scorer/loader.h"

#include <math.h>

enum { SHOWN_ROWS = 10, SHOWN_CHARS = 300 };

/* --- equality --- */

static bool near(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= PARITY_TOLERANCE * fmax(fabs(a), fabs(b));
}

/* Numbers alike whether written as 1 or 1.0; a regression's within the tolerance. */
static bool same(const json_t *a, const json_t *b)
{
	double va, vb;

	if (json_is_value(a, &va) && json_is_value(b, &vb))
		return near(va, vb);
	if (!json_is_array(a) || !json_is_array(b))
		return a && b && json_equal(a, b);
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++)
		if (!same(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

/* What is expected and null, or not there, is not compared, but for a prediction. */
static bool same_row(const json_t *expected, const json_t *got)
{
	static const char *const members[] = {"prediction", "probability", "rawPrediction"};

	if (json_is_null(expected) || json_is_null(got))
		return json_is_null(expected) && json_is_null(got);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const json_t *e = json_object_get(expected, members[i]);

		if (e && (i == 0 || !json_is_null(e)) && !same(e, json_object_get(got, members[i])))
			return false;
	}
	return true;
}

/* --- the rows as a request --- */

static json_t *column_names(const json_t *columns)
{
	json_t *names = json_array();
	size_t i;
	const json_t *column;

	json_array_foreach (columns, i, column)
		(void)json_array_append_new(names, json_deep_copy(json_object_get(column, "name")));
	return names;
}

static int make_body(const json_t *sample, char **ret, struct err *err)
{
	json_auto_t *body = json_pack("{s:{s:o, s:O}, s:{s:s}}", "dataframe_split", "columns",
				      column_names(json_object_get(sample, "columns")), "data",
				      json_object_get(sample, "rows"), "params", "output", "all");

	*ret = body ? json_text(body) : NULL;
	return *ret ? 0 : err_nomem(err);
}

static int score(const struct model *m, const json_t *sample, json_t **ret, struct err *err)
{
	_cleanup_(batch_freep) struct batch *batch = NULL;
	_cleanup_buf_ struct buf answer;
	_cleanup_free_ char *body = NULL;
	struct invocation in = {.type = BODY_JSON};
	size_t rows;
	int r = make_body(sample, &body, err);

	buf_init(&answer, LIMIT_SCORER_ANSWER);
	if (r == 0)
		r = model_batch_new(m, &batch, err);
	if (r < 0)
		return r;
	in.body = body;
	in.n = strlen(body);
	r = invoke(m, batch, &in, &answer, &rows, err);
	return r < 0 ? r
		     : json_parse((const char *)answer.data, answer.len, "the answer", ret, err);
}

/* --- the comparison --- */

static void report_row(struct buf *report, size_t row, const json_t *expected, const json_t *got)
{
	_cleanup_free_ char *e = json_text(expected), *g = json_text(got);

	buf_printf(report, "row %zu: Spark answered %.*s, the scorer %.*s\n", row + 1, SHOWN_CHARS,
		   e ? e : "nothing", SHOWN_CHARS, g ? g : "nothing");
}

static int check_sample(const json_t *sample, struct err *err)
{
	const json_t *rows = json_object_get(sample, "rows");
	const json_t *expected = json_object_get(sample, "expected");

	if (!json_is_array(json_object_get(sample, "columns")) || !json_is_array(rows) ||
	    !json_is_array(expected))
		return err_set(err, E_INPUT,
			       "the sample holds no \"columns\", \"rows\" and \"expected\"");
	if (json_array_size(rows) != json_array_size(expected))
		return err_set(err, E_INPUT, "the sample has %zu rows and %zu expected answers",
			       json_array_size(rows), json_array_size(expected));
	return 0;
}

int parity_compare(const struct model *m, const char *sample, size_t n, struct buf *report,
		   struct parity *ret, struct err *err)
{
	json_auto_t *j = NULL, *answer = NULL;
	const json_t *expected, *got, *e;
	size_t i;
	int r = json_parse(sample, n, "the sample", &j, err);

	if (r < 0)
		return E_INPUT;
	r = check_sample(j, err);
	if (r == 0)
		r = score(m, j, &answer, err);
	if (r < 0)
		return r;
	expected = json_object_get(j, "expected");
	got = json_object_get(answer, "predictions");
	*ret = (struct parity){.rows = json_array_size(expected)};
	json_array_foreach (expected, i, e) {
		if (same_row(e, json_array_get(got, i)))
			continue;
		if (ret->different++ < SHOWN_ROWS)
			report_row(report, i, e, json_array_get(got, i));
	}
	return 0;
}
