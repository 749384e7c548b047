/* The commands of %mlmanager that look at and ask endpoints. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/fs.h"
#include "base/limits.h"

#include <errno.h>
#include <string.h>

/* "fraud-1a2b3c4d-1 90 %, fraud-5e6f7a8b-2 10 %" */
static char *variants_text(const json_t *endpoint)
{
	_cleanup_buf_ struct buf b = {0};
	const json_t *v;
	size_t i;

	buf_init(&b, KIB(64));
	json_array_foreach (json_object_get(endpoint, "variants"), i, v)
		buf_printf(&b, "%s%s %.3g %%", i ? ", " : "", json_get_str(v, "name", ""),
			   100 * json_number_value(json_object_get(v, "share")));
	return buf_take_str(&b);
}

static int add_row(struct text_table *table, const json_t *e, struct err *err)
{
	_cleanup_free_ char *variants = variants_text(e);
	const char *row[] = {json_get_str(e, "app", ""), json_get_str(e, "target", ""),
			     json_get_str(e, "state", ""), variants, json_get_str(e, "url", "")};

	return variants ? text_table_add(table, row, err) : err_nomem(err);
}

int command_endpoints(struct magic_call *call, struct strv *words, struct err *err)
{
	static const char *const columns[] = {"endpoint", "target", "state", "variants", "address"};
	_cleanup_(text_table_release) struct text_table table = {0};
	json_auto_t *list = NULL;
	const json_t *e;
	size_t i;
	int r = jobs(call, "endpoints", json_object(), &list, err);

	(void)words;
	if (r == 0)
		r = text_table_init(&table, columns, ARRAY_LEN(columns), "Endpoints", err);
	json_array_foreach (json_object_get(list, "endpoints"), i, e)
		r = r < 0 ? r : add_row(&table, e, err);
	return r < 0 ? r : text_table_show(&table, call->out, err);
}

/* A request with the rows of a JSON text: whole requests, one row, or a list of them. */
static int rows_of_json(const char *text, json_t **ret, struct err *err)
{
	static const char *const whole[] = {"dataframe_split", "dataframe_records", "instances"};
	json_auto_t *j = NULL;
	int r = json_parse(text, strlen(text), "the rows", &j, err);

	if (r < 0) {
		err_set_hint(err,
			     "one row {\"COLUMN\": VALUE, …}, a list of rows, or a whole request");
		return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (json_object_get(j, whole[i])) {
			*ret = json_incref(j);
			return 0;
		}
	*ret = json_is_object(j)
		       ? json_pack("{s:[O]}", "dataframe_records", j)
		       : json_pack("{s:O}",
				   json_is_object(json_array_get(j, 0)) ? "dataframe_records"
									: "instances",
				   j);
	return *ret ? 0 : err_nomem(err);
}

/* NAME=VALUE into a row; a number where it looks like one. */
static int put_pair(json_t *row, char *word, struct err *err)
{
	char *equals = strchr(word, '=');
	double number;
	json_t *value;

	if (!equals || equals == word)
		return err_set(err, E_USAGE, "\"%.60s\" is not COLUMN=VALUE", word);
	*equals++ = '\0';
	value = str_parse_f64(equals, &number, NULL) == 0 ? json_real(number) : json_strz(equals);
	return json_object_set_new(row, word, value) < 0 ? err_nomem(err) : 0;
}

static int rows_of_pairs(struct strv *words, json_t **ret, struct err *err)
{
	json_auto_t *row = json_object();
	int r = row ? 0 : err_nomem(err);

	for (size_t i = 2; r == 0 && i < words->len; i++)
		r = put_pair(row, words->items[i], err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:[O]}", "dataframe_records", row);
	return *ret ? 0 : err_nomem(err);
}

/* The run whose model answers most of an app's requests; borrowed from the list. */
static const char *serving_run(const json_t *list, const char *app)
{
	const json_t *e, *v;
	const char *run = NULL;
	double most = -1;
	size_t i, k;

	json_array_foreach (json_object_get(list, "endpoints"), i, e) {
		if (!str_eq(json_get_str(e, "app", ""), app))
			continue;
		json_array_foreach (json_object_get(e, "variants"), k, v) {
			double share = json_number_value(json_object_get(v, "share"));

			if (share > most) {
				most = share;
				run = json_get_str(v, "run_id", NULL);
			}
		}
	}
	return run;
}

static int read_sample(const char *path, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	json_auto_t *sample = NULL, *names = json_array();
	const json_t *column;
	size_t i;
	int r;

	buf_init(&b, LIMIT_SCORER_MODEL);
	r = fs_read(path, &b, err);
	if (r == 0)
		r = json_parse((const char *)b.data, b.len, "the run's sample", &sample, err);
	if (r < 0)
		return r;
	json_array_foreach (json_object_get(sample, "columns"), i, column)
		(void)json_array_append_new(names, json_string(json_get_str(column, "name", "")));
	*ret = json_pack("{s:{s:O, s:[O]}}", "dataframe_split", "columns", names, "data",
			 json_array_get(json_object_get(sample, "rows"), 0));
	return *ret ? 0 : err_set(err, E_NOTFOUND, "the run kept no sample of its rows");
}

/* The first row that the run of the app kept, for want of another. */
static int rows_of_sample(struct magic_call *call, const char *app, json_t **ret, struct err *err)
{
	json_auto_t *list = NULL, *got = NULL;
	_cleanup_free_ char *path = NULL;
	char folder[] = "/tmp/splice-sample-XXXXXX";
	const char *run;
	int r = jobs(call, "endpoints", json_object(), &list, err);

	if (r < 0)
		return r;
	run = serving_run(list, app);
	if (!run) {
		err_set(err, E_USAGE, "invoke needs a row: invoke APP COLUMN=VALUE …, or JSON");
		return E_USAGE;
	}
	if (!mkdtemp(folder))
		return err_set_errno(err, E_IO, errno, "%s", folder);
	path = str_fmt("%s/sample.json", folder);
	r = path ? track(call, "download_artifact",
			 json_pack("{s:s, s:s, s:s}", "path", "splice/sample.json", "file", path,
				   "run_id", run),
			 &got, err)
		 : err_nomem(err);
	if (r == 0)
		r = read_sample(path, ret, err);
	return fs_remove_tree(folder, r < 0 ? NULL : err) < 0 && r == 0 ? E_IO : r;
}

static int rows_of_words(struct magic_call *call, struct strv *words, json_t **ret, struct err *err)
{
	if (words->len == 2)
		return rows_of_sample(call, words->items[1], ret, err);
	if (words->items[2][0] == '{' || words->items[2][0] == '[')
		return rows_of_json(words->items[2], ret, err);
	return rows_of_pairs(words, ret, err);
}

static int show_answer(struct magic_call *call, const json_t *answer, struct err *err)
{
	_cleanup_free_ char *text =
		json_dumps(json_object_get(answer, "answer"), JSON_INDENT(2) | JSON_ENCODE_ANY);
	json_int_t status = json_get_int(answer, "status", 0);

	if (!text)
		return err_nomem(err);
	if (status != 200)
		return err_set(err, E_INPUT,
			       "the endpoint answered %" JSON_INTEGER_FORMAT ": %.2000s", status,
			       json_get_str(json_object_get(answer, "answer"), "message", text));
	out_printf(call->out, STREAM_STDOUT, "%s\n(variant %s, %" JSON_INTEGER_FORMAT " ms)\n",
		   text, json_get_str(answer, "variant", "?"), json_get_int(answer, "ms", 0));
	return 0;
}

int command_invoke(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *target = NULL;
	json_auto_t *answer = NULL;
	json_t *rows = NULL;
	int r = words_option(words, "target", &target, err);

	if (r == 0)
		r = words_no_options(words, err);
	if (r == 0)
		r = rows_of_words(call, words, &rows, err);
	if (r == 0)
		r = jobs(call, "invoke",
			 json_pack("{s:s, s:s*, s:o}", "app", words->items[1], "target", target,
				   "rows", rows),
			 &answer, err);
	return r < 0 ? r : show_answer(call, answer, err);
}
