/*
 * What Spark answered (tools/golden-scorer) and what the scorer answers: every
 * kind of stage, null, NaN and values that training had not seen.
 */
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "scorer/invoke.h"
#include "scorer/kind.h"
#include "scorer/parity.h"
#include "tests/harness.h"

#include <dirent.h>

#define FOLDER "tests/golden/scorer"

/* As many files as the generator writes. */
enum { GOLDEN_FILES = 97 };

/* The file's members, owned by *ret. */
static int read_golden(const char *name, json_t **ret, struct err *err)
{
	_cleanup_free_ char *path = str_fmt(FOLDER "/%s", name);
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, MIB(1));
	r = fs_read(path, &b, err);
	return r < 0 ? r : json_parse((const char *)b.data, b.len, name, ret, err);
}

static struct model *parse_model(const char *name, const json_t *golden)
{
	_cleanup_free_ char *text = json_text(json_object_get(golden, "model"));
	struct model *m = NULL;
	struct err err = ERR_INIT;

	if (model_parse(text, strlen(text), &m, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", name, err.text);
	return m;
}

static void check_parity(const char *name, const struct model *m, const json_t *golden)
{
	_cleanup_free_ char *sample = json_text(json_object_get(golden, "sample"));
	_cleanup_buf_ struct buf report;
	struct parity p = {0};
	struct err err = ERR_INIT;

	buf_init(&report, MIB(1));
	if (parity_compare(m, sample, strlen(sample), &report, &p, &err) < 0) {
		test_fail(__FILE__, __LINE__, "%s: %s", name, err.text);
		return;
	}
	buf_put_u8(&report, 0);
	CHECK(p.rows > 0);
	if (p.different)
		test_fail(__FILE__, __LINE__, "%s: %s", name, (const char *)report.data);
}

/* One row as a request of its own; returns what invoke does. */
static int score_row(const struct model *m, const json_t *golden, json_t *row, struct err *err)
{
	json_auto_t *names = json_array(), *body = NULL;
	_cleanup_(batch_freep) struct batch *batch = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf answer = {0};
	struct invocation in = {.type = BODY_JSON};
	const json_t *column;
	size_t i, rows;

	json_array_foreach (json_object_get(json_object_get(golden, "sample"), "columns"), i,
			    column)
		json_array_append(names, json_object_get(column, "name"));
	body = json_pack("{s:{s:O, s:[O]}}", "dataframe_split", "columns", names, "data", row);
	text = json_text(body);
	in.body = text;
	in.n = strlen(text);
	buf_init(&answer, MIB(1));
	if (model_batch_new(m, &batch, err) < 0)
		return E_NOMEM;
	return invoke(m, batch, &in, &answer, &rows, err);
}

static void check_refused(const char *name, const struct model *m, const json_t *golden)
{
	const json_t *refused = json_object_get(golden, "refused");

	for (size_t i = 0; i < json_array_size(refused); i++) {
		json_t *row = json_array_get(refused, i);
		_cleanup_free_ char *text = json_text(row);
		struct err err = ERR_INIT;

		if (score_row(m, golden, row, &err) != E_INPUT)
			test_fail(__FILE__, __LINE__, "%s: Spark refuses %s", name, text);
		else if (!str_starts(err.text, "row 1, column \""))
			test_fail(__FILE__, __LINE__, "%s: no row and column in: %s", name,
				  err.text);
	}
}

static void check_golden(const char *name)
{
	json_auto_t *golden = NULL;
	_cleanup_(model_freep) struct model *m = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(read_golden(name, &golden, &err), &err);
	m = parse_model(name, golden);
	REQUIRE(m);
	check_parity(name, m, golden);
	check_refused(name, m, golden);
}

static size_t list_golden(struct strv *ret)
{
	DIR *d = opendir(FOLDER);
	struct err err = ERR_INIT;

	for (const struct dirent *e; d && (e = readdir(d));)
		if (str_ends_ci(e->d_name, ".json"))
			CHECK_OK(strv_add(ret, e->d_name, &err), &err);
	if (d)
		closedir(d);
	return ret->len;
}

TEST(every_pipeline_answers_as_spark_does)
{
	_cleanup_strv_ struct strv names = {0};

	/* As many as the generator writes. */
	CHECK_INT(list_golden(&names), GOLDEN_FILES);
	for (size_t i = 0; i < names.len; i++)
		check_golden(names.items[i]);
}

/* The table of docs/SCORER.md: no kind without a pipeline. */
TEST(every_kind_has_a_pipeline)
{
	_cleanup_strv_ struct strv names = {0}, kinds = {0};
	struct err err = ERR_INIT;

	(void)list_golden(&names);
	for (size_t i = 0; i < names.len; i++) {
		json_auto_t *golden = NULL;
		const json_t *stage;
		size_t k;

		REQUIRE_OK(read_golden(names.items[i], &golden, &err), &err);
		json_array_foreach (json_object_get(json_object_get(golden, "model"), "stages"), k,
				    stage)
			CHECK_OK(strv_add(&kinds, json_get_str(stage, "kind", ""), &err), &err);
	}
	for (const struct kind *const *k = kinds_all; *k; k++)
		if (!strv_has(&kinds, (*k)->name))
			test_fail(__FILE__, __LINE__, "no pipeline with %s", (*k)->name);
}

/* A comparison that finds nothing must be able to find something. */
TEST(a_changed_answer_is_found)
{
	json_auto_t *golden = NULL;
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_buf_ struct buf report;
	_cleanup_free_ char *text = NULL;
	struct parity p = {0};
	struct err err = ERR_INIT;
	json_t *sample, *first;

	buf_init(&report, MIB(1));
	REQUIRE_OK(read_golden("pipeline.json", &golden, &err), &err);
	m = parse_model("pipeline.json", golden);
	REQUIRE(m);
	sample = json_object_get(golden, "sample");
	first = json_array_get(json_object_get(json_array_get(json_object_get(sample, "expected"),
							      0),
					       "probability"),
			       0);
	REQUIRE(json_is_real(first));
	json_real_set(first, json_real_value(first) * (1 + 3e-9));
	text = json_text(sample);
	REQUIRE_OK(parity_compare(m, text, strlen(text), &report, &p, &err), &err);
	CHECK_INT(p.different, 1);
	buf_put_u8(&report, 0);
	CHECK(str_starts((const char *)report.data, "row 1: Spark answered {"));
}

TEST_MAIN()
