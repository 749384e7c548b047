/* The commands of %mlmanager that log: parameters, metrics, tags. */
#include "magics/mlmanager/mlmanager-int.h"

#include <string.h>

/* "log param k=v", "log metric k=v", or by the value: a number is a metric. */
enum log_kind { LOG_BY_VALUE, LOG_PARAM, LOG_METRIC };

static bool looks_like_number(const char *text)
{
	double d;

	return str_parse_f64(text, &d, NULL) == 0;
}

/* Split k=v at the first '='; the word is cut there. */
static int split_pair(char *word, char **ret_value, struct err *err)
{
	char *eq = strchr(word, '=');
	int r;

	if (eq && eq != word) {
		*eq = '\0';
		*ret_value = eq + 1;
		return 0;
	}
	r = err_set(err, E_USAGE, "\"%.60s\" is not of the form name=value", word);
	err_set_hint(err, "write name=value without spaces, or in quotes: name=\"a b\"");
	return r;
}

static int add_pair(char *word, enum log_kind kind, const char *step, json_t *params,
		    json_t *metrics, struct err *err)
{
	json_t *metric;
	int64_t at = 0;
	char *value;
	int r = split_pair(word, &value, err);

	if (r == 0 && step && str_parse_i64(step, &at, err) < 0)
		r = err_prefix(err, "--step");
	if (r < 0)
		return r;
	if (kind == LOG_PARAM || (kind == LOG_BY_VALUE && !looks_like_number(value)))
		return json_object_set_new(params, word, json_strz(value)) < 0 ? err_nomem(err) : 0;
	metric = json_pack("{s:o, s:o, s:I}", "key", json_strz(word), "value", json_strz(value),
			   "step", (json_int_t)at);
	return json_array_append_new(metrics, metric) < 0 ? err_nomem(err) : 0;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

int command_log(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *params = json_object();
	json_auto_t *metrics = json_array();
	json_auto_t *result = NULL;
	_cleanup_free_ char *step = NULL;
	enum log_kind kind = LOG_BY_VALUE;
	size_t first = 2;
	int r = params && metrics ? words_option(words, "step", &step, err) : err_nomem(err);

	if (r == 0)
		r = words_no_options(words, err);
	if (r < 0)
		return r;
	if (words->len > 1 && str_eq(words->items[1], "param"))
		kind = LOG_PARAM;
	else if (words->len > 1 && str_eq(words->items[1], "metric"))
		kind = LOG_METRIC;
	else
		first = 1;
	if (first >= words->len)
		return err_set(err, E_USAGE, "log what? name=value is missing");
	for (size_t i = first; i < words->len; i++) {
		r = add_pair(words->items[i], kind, step, params, metrics, err);
		if (r < 0)
			return r;
	}
	r = track(call, "log", json_pack("{s:O, s:O}", "params", params, "metrics", metrics),
		  &result, err);
	if (r == 0)
		out_printf(call->out, STREAM_STDOUT, "Logged %zu parameter%s, %zu metric%s.\n",
			   json_object_size(params), plural(json_object_size(params)),
			   json_array_size(metrics), plural(json_array_size(metrics)));
	return r;
}

int command_tag(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *tags = json_object();
	json_auto_t *result = NULL;
	int r = tags ? 0 : err_nomem(err);

	for (size_t i = 1; r == 0 && i < words->len; i++) {
		char *value;

		r = split_pair(words->items[i], &value, err);
		if (r < 0)
			return r;
		if (json_object_set_new(tags, words->items[i], json_strz(value)) < 0)
			return err_nomem(err);
	}
	if (r == 0)
		r = track(call, "log", json_pack("{s:O}", "tags", tags), &result, err);
	if (r == 0)
		out_printf(call->out, STREAM_STDOUT, "Set %zu tag%s.\n", json_object_size(tags),
			   plural(json_object_size(tags)));
	return r;
}
