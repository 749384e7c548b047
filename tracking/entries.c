/* Parameters, metrics and tags of one call. */
#include "tracking/entries.h"

#include "base/str.h"
#include "protocol/mlflow/mlflow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	ENTRY_OVERHEAD = 32, /* {"key":"","value":""}, and a comma */
	SHOWN_CHARS = 60,    /* of a value, in messages */
};

/* Records under construction. */
struct build {
	const char *run_id;
	const struct entries_rules *rules;
	json_t *records; /* owned */
	json_t *record;  /* the last one, borrowed; NULL before the first entry */
	size_t metrics, params, tags, bytes; /* in it */
	json_t *notices;
};

static int refuse_key(const char *what, const char *key, const char *why, struct err *err)
{
	int r = err_set(err, E_INPUT, "the %s name \"%.*s\" %s", what,
			(int)utf8_offset(key, strlen(key), SHOWN_CHARS), key, why);

	err_set_hint(err, "names have up to %d letters, digits and _ - . space : /",
		     MLFLOW_KEY_CHARS);
	return r;
}

/* The rules of MLflow's validation.py: a set of characters, and a path that is in normal form. */
int entries_check_key(const char *what, const char *key, struct err *err)
{
	const char *part = key;

	if (!*key)
		return refuse_key(what, key, "is empty", err);
	if (utf8_count(key, strlen(key)) > MLFLOW_KEY_CHARS)
		return refuse_key(what, key, "is too long", err);
	for (const char *p = key; *p; p++)
		if (!str_is_word(*p) && !strchr("-. :/", *p))
			return refuse_key(what, key, "has a character that MLflow does not take",
					  err);
	while (part) {
		const char *slash = strchr(part, '/');
		size_t n = slash ? (size_t)(slash - part) : strlen(part);

		if (n == 0 || (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.'))))
			return refuse_key(what, key, "is not a plain path", err);
		part = slash ? slash + 1 : NULL;
	}
	return 0;
}

/* The shortest text that reads back as the same number. */
static char *real_text(double d)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (str_parse_f64(text, &back, NULL) == 0 && !(back < d) && !(back > d))
			break;
	}
	/* As Python writes it: 2.0, not 2. */
	return text[strspn(text, "-0123456789")] ? str_dup(text) : str_fmt("%s.0", text);
}

char *entries_text(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return str_dup(json_string_value(value));
	case JSON_REAL:
		return real_text(json_real_value(value));
	case JSON_TRUE:
		return str_dup("True");
	case JSON_FALSE:
		return str_dup("False");
	case JSON_NULL:
		return str_dup("None");
	default:
		return json_text(value);
	}
}

size_t entries_wire_size(const json_t *record)
{
	return json_dumpb(record, NULL, 0, JSON_COMPACT) +
	       ENTRY_OVERHEAD * (json_object_size(json_object_get(record, "params")) +
				 json_object_size(json_object_get(record, "tags")));
}

static int new_record(struct build *b, struct err *err)
{
	b->record = json_pack("{s:s, s:s}", "kind", "log", "run", b->run_id);
	if (json_array_append_new(b->records, b->record) < 0)
		return err_nomem(err);
	b->metrics = b->params = b->tags = 0;
	b->bytes = strlen(b->run_id) + 100;
	return 0;
}

static bool full(const struct build *b, size_t bytes)
{
	return !b->record || b->bytes + bytes > ENTRIES_RECORD_BYTES ||
	       b->metrics == MLFLOW_BATCH_METRICS || b->params == MLFLOW_BATCH_PARAMS ||
	       b->tags == MLFLOW_BATCH_TAGS ||
	       b->metrics + b->params + b->tags == MLFLOW_BATCH_ENTITIES;
}

/* The container `name` of a record with room for one more entry; NULL with err set. */
static json_t *room(struct build *b, const char *name, bool array, size_t bytes, struct err *err)
{
	json_t *into;

	if (full(b, bytes) && new_record(b, err) < 0)
		return NULL;
	b->bytes += bytes;
	into = json_object_get(b->record, name);
	if (into)
		return into;
	into = array ? json_array() : json_object();
	if (json_object_set_new(b->record, name, into) < 0) {
		(void)err_nomem(err);
		return NULL;
	}
	return into;
}

static int note(struct build *b, char *text, struct err *err)
{
	_cleanup_free_ char *owned = text;
	json_t *j = owned ? json_string(owned) : NULL;

	return json_array_append_new(b->notices, j) < 0 ? err_nomem(err) : 0;
}

/* Cut or refuse a value over the limit; *text is replaced. */
static int limit_value(struct build *b, const char *what, const char *key, size_t max, char **text,
		       struct err *err)
{
	size_t n = strlen(*text);
	size_t chars = utf8_count(*text, n);
	int r;

	if (chars <= max)
		return 0;
	if (!b->rules->truncate) {
		r = err_set(err, E_INPUT, "%s \"%s\" has %zu characters, MLflow keeps %zu", what,
			    key, chars, max);
		err_set_hint(err, "log it as an artifact, or unset MLFLOW_TRUNCATE_LONG_VALUES");
		return r;
	}
	(*text)[utf8_offset(*text, n, max)] = '\0';
	return note(b,
		    str_fmt("%s \"%s\" was cut from %zu to %zu characters, MLflow's limit; log it "
			    "as an artifact to keep it whole",
			    what, key, chars, max),
		    err);
}

static int conflict(const char *key, const char *old, const char *new, struct err *err)
{
	int r = err_set(err, E_INPUT,
			"parameter \"%s\" of this run is \"%.*s\" already and cannot become "
			"\"%.*s\"",
			key, (int)utf8_offset(old, strlen(old), SHOWN_CHARS), old,
			(int)utf8_offset(new, strlen(new), SHOWN_CHARS), new);

	err_set_name(err, "INVALID_PARAMETER_VALUE");
	err_set_hint(err, "log it under another name, or make a new run");
	return r;
}

/* A parameter or a tag. */
static int add_text(struct build *b, bool param, const char *key, const json_t *value,
		    struct err *err)
{
	const char *what = param ? "parameter" : "tag";
	_cleanup_free_ char *text = entries_text(value);
	const char *old = param ? json_get_str(b->rules->params, key, NULL) : NULL;
	json_auto_t *j = NULL;
	json_t *into;
	int r = text ? entries_check_key(what, key, err) : err_nomem(err);

	if (r == 0)
		r = limit_value(b, what, key, param ? MLFLOW_PARAM_CHARS : MLFLOW_TAG_CHARS, &text,
				err);
	if (r < 0)
		return r;
	if (old)
		return str_eq(old, text) ? 0 : conflict(key, old, text, err);
	j = json_string(text);
	into = room(b, param ? "params" : "tags", /* array= */ false,
		    strlen(key) + json_dumpb(j, NULL, 0, JSON_ENCODE_ANY) + ENTRY_OVERHEAD, err);
	if (!into)
		return E_NOMEM;
	b->params += param;
	b->tags += !param;
	return json_object_set(into, key, j) < 0 ? err_nomem(err) : 0;
}

static int not_a_number(const char *key, struct err *err)
{
	int r = err_set(err, E_INPUT, "metric \"%s\" is not a number", key);

	err_set_hint(err, "metrics are numbers; log texts as parameters or tags");
	return r;
}

/* How Python, C and MLflow write what JSON has no numbers for. */
static const char *special_value(const char *text)
{
	static const struct {
		const char *text, *value;
	} table[] = {
		{"nan", "NaN"},       {"inf", "Infinity"},        {"infinity", "Infinity"},
		{"+inf", "Infinity"}, {"+infinity", "Infinity"},  {"-inf", "-Infinity"},
		{"-nan", "NaN"},      {"-infinity", "-Infinity"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_eq_ci(text, table[i].text))
			return table[i].value;
	return NULL;
}

/* *ret is new: a number, or the text of one that JSON cannot write. */
static int metric_value(const char *key, const json_t *value, json_t **ret, struct err *err)
{
	const char *text = json_string_value(value);
	const char *special = text ? special_value(text) : NULL;
	double d;

	if (json_is_number(value))
		*ret = json_incref((json_t *)value);
	else if (json_is_boolean(value))
		*ret = json_integer(json_is_true(value));
	else if (special)
		*ret = json_string(special);
	else if (text && str_parse_f64(text, &d, NULL) == 0)
		*ret = json_real(d);
	else
		return not_a_number(key, err);
	return *ret ? 0 : err_nomem(err);
}

static int add_metric(struct build *b, const char *key, const json_t *value, json_int_t timestamp,
		      json_int_t step, struct err *err)
{
	json_t *number = NULL, *metric, *into;
	int r = entries_check_key("metric", key, err);

	if (r == 0)
		r = metric_value(key, value, &number, err);
	if (r < 0)
		return r;
	metric = json_pack("{s:s, s:o, s:I, s:I}", "key", key, "value", number, "timestamp",
			   timestamp, "step", step);
	into = room(b, "metrics", /* array= */ true, json_dumpb(metric, NULL, 0, JSON_COMPACT) + 1,
		    err);
	if (!into) {
		json_decref(metric);
		return E_NOMEM;
	}
	b->metrics++;
	return json_array_append_new(into, metric) < 0 ? err_nomem(err) : 0;
}

/* A whole number that may have come as 1.0; anything else is refused. */
static int whole(const json_t *item, const char *name, json_int_t fallback, json_int_t *ret,
		 struct err *err)
{
	const json_t *v = json_object_get(item, name);

	if (!v || json_is_null(v))
		*ret = fallback;
	else if (json_is_integer(v))
		*ret = json_integer_value(v);
	else if (json_is_real(v) && fabs(json_real_value(v)) < 9e15)
		*ret = (json_int_t)json_real_value(v);
	else
		return err_set(err, E_INPUT, "a metric's %s is not a whole number", name);
	return 0;
}

static int add_metric_item(struct build *b, const json_t *item, struct err *err)
{
	const char *key = json_get_str(item, "key", NULL);
	const json_t *value = json_object_get(item, "value");
	json_int_t timestamp, step;
	int r;

	if (!key || !value)
		return err_set(err, E_USAGE, "a metric needs \"key\" and \"value\"");
	r = whole(item, "timestamp", b->rules->now_ms, &timestamp, err);
	if (r == 0)
		r = whole(item, "step", 0, &step, err);
	return r < 0 ? r : add_metric(b, key, value, timestamp, step, err);
}

static int add_metrics(struct build *b, const json_t *metrics, struct err *err)
{
	const char *key;
	json_t *value;
	size_t i;
	int r = 0;

	json_object_foreach ((json_t *)metrics, key, value) {
		r = add_metric(b, key, value, b->rules->now_ms, /* step= */ 0, err);
		if (r < 0)
			return r;
	}
	json_array_foreach (metrics, i, value) {
		r = add_metric_item(b, value, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int add_texts(struct build *b, const json_t *texts, bool param, struct err *err)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)texts, key, value) {
		r = add_text(b, param, key, value, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_shape(const json_t *j, const char *name, bool or_array, struct err *err)
{
	if (!j || json_is_null(j) || json_is_object(j) || (or_array && json_is_array(j)))
		return 0;
	return err_set(err, E_USAGE, "\"%s\" is not an object%s", name,
		       or_array ? " or a list" : "");
}

int entries_build(const json_t *args, const char *run_id, const struct entries_rules *rules,
		  json_t **ret, json_t *notices, struct err *err)
{
	json_auto_t *records = json_array();
	struct build b = {.run_id = run_id, .rules = rules, .records = records, .notices = notices};
	const json_t *params = json_object_get(args, "params");
	const json_t *metrics = json_object_get(args, "metrics");
	const json_t *tags = json_object_get(args, "tags");
	int r = records ? check_shape(params, "params", /* or_array= */ false, err)
			: err_nomem(err);

	if (r == 0)
		r = check_shape(metrics, "metrics", /* or_array= */ true, err);
	if (r == 0)
		r = check_shape(tags, "tags", /* or_array= */ false, err);
	if (r == 0)
		r = add_texts(&b, params, /* param= */ true, err);
	if (r == 0)
		r = add_metrics(&b, metrics, err);
	if (r == 0)
		r = add_texts(&b, tags, /* param= */ false, err);
	if (r == 0)
		*ret = json_incref(records);
	return r;
}
