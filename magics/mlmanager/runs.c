/* The commands of %mlmanager on experiments and runs. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/limits.h"

int show_experiment(struct magic_call *call, const json_t *experiment, const char *verb,
		    struct err *err)
{
	_cleanup_free_ char *note =
		str_fmt("(id %s), %s", json_get_str(experiment, "id", "?"), verb);

	return note ? show_link(call, "Experiment", json_get_str(experiment, "name", ""), note,
				json_get_str(experiment, "url", NULL), "tracking page", err)
		    : err_nomem(err);
}

int command_experiment(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *name = words_join(words, 1);
	json_auto_t *result = NULL;
	int r;

	if (!name)
		return err_nomem(err);
	r = track(call, "create_experiment", json_pack("{s:s}", "name", name), &result, err);
	if (r < 0)
		return r;
	return show_experiment(call, json_object_get(result, "experiment"),
			       json_get_bool(result, "created", false) ? "new and active now"
								       : "active now",
			       err);
}

int command_experiments(struct magic_call *call, struct strv *words, struct err *err)
{
	static const char *const columns[] = {"id", "name", "tracking page"};
	_cleanup_(text_table_release) struct text_table table = {0};
	json_auto_t *result = NULL;
	json_t *e;
	size_t i;
	int r = track(call, "experiments", json_object(), &result, err);

	(void)words;
	if (r == 0)
		r = text_table_init(&table, columns, ARRAY_LEN(columns), "Experiments", err);
	if (r < 0)
		return r;
	json_array_foreach (json_object_get(result, "experiments"), i, e) {
		const char *row[] = {json_get_str(e, "id", NULL), json_get_str(e, "name", NULL),
				     json_get_str(e, "url", NULL)};

		r = text_table_add(&table, row, err);
		if (r < 0)
			return r;
	}
	return text_table_show(&table, call->out, err);
}

int show_run(struct magic_call *call, const json_t *run, const char *verb, struct err *err)
{
	_cleanup_free_ char *note = str_fmt("(%s), %s", json_get_str(run, "id", "?"), verb);

	return note ? show_link(call, "Run", json_get_str(run, "name", ""), note,
				json_get_str(run, "url", NULL), "tracking page", err)
		    : err_nomem(err);
}

int command_run(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *user = NULL;
	_cleanup_free_ char *name = NULL;
	json_auto_t *result = NULL;
	int r = words_option(words, "user", &user, err);

	if (r == 0)
		r = words_no_options(words, err);
	if (r < 0)
		return r;
	name = words_join(words, 1);
	if (!name)
		return err_nomem(err);
	r = track(call, "create_run",
		  json_pack("{s:s?, s:s?}", "user", user, "name", *name ? name : NULL), &result,
		  err);
	return r < 0 ? r
		     : show_run(call, json_object_get(result, "run"), "new and active now", err);
}

int command_use(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *text = words_join(words, 1);
	json_auto_t *result = NULL;
	int r = text ? track(call, "set_run", json_pack("{s:s}", "run_id", text), &result, err)
		     : err_nomem(err);

	return r < 0 ? r : show_run(call, json_object_get(result, "run"), "active now", err);
}

int command_end(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *result = NULL;
	json_t *run;
	int r;

	if (words->len > 1)
		str_upper_ascii(words->items[1]);
	r = track(call, "end_run",
		  json_pack("{s:s?}", "status", words->len > 1 ? words->items[1] : NULL), &result,
		  err);
	if (r < 0)
		return r;
	run = json_object_get(result, "run");
	if (!json_is_object(run)) {
		out_printf(call->out, STREAM_STDOUT, "No run is active.\n");
		return 0;
	}
	return show_run(call, run, json_get_str(run, "status", ""), err);
}

/* Name and value of each, "a=1, b=2", cut to what a table's cell shows. */
static char *pairs_text(const json_t *values)
{
	_cleanup_buf_ struct buf b = {0};
	const char *key;
	json_t *value;

	buf_init(&b, LIMIT_BRIDGE_MESSAGE);
	json_object_foreach ((json_t *)values, key, value) {
		char number[METRIC_TEXT];

		metric_text(number, value);
		buf_printf(&b, "%s%s=%s", b.len ? ", " : "", key,
			   json_is_string(value) ? json_string_value(value) : number);
	}
	return buf_take_str(&b);
}

static int add_run(struct text_table *table, const json_t *run, struct err *err)
{
	_cleanup_free_ char *params = pairs_text(json_object_get(run, "params"));
	_cleanup_free_ char *metrics = pairs_text(json_object_get(run, "metrics"));
	char started[TIME_TEXT];
	const char *row[] = {json_get_str(run, "name", NULL),
			     json_get_str(run, "id", NULL),
			     json_get_str(run, "status", NULL),
			     json_get_str(run, "user", NULL),
			     started,
			     params,
			     metrics};

	if (!params || !metrics)
		return err_nomem(err);
	time_text(started, json_get_int(run, "start_time", 0));
	return text_table_add(table, row, err);
}

int command_runs(struct magic_call *call, struct strv *words, struct err *err)
{
	static const char *const columns[] = {"name",    "id",         "status", "user",
					      "started", "parameters", "metrics"};
	_cleanup_(text_table_release) struct text_table table = {0};
	_cleanup_free_ char *name = words_join(words, 1);
	json_auto_t *result = NULL;
	json_t *run;
	size_t i;
	int r = name ? track(call, "runs", json_pack("{s:s?}", "experiment", *name ? name : NULL),
			     &result, err)
		     : err_nomem(err);

	if (r == 0)
		r = text_table_init(&table, columns, ARRAY_LEN(columns), "Runs, newest first", err);
	if (r < 0)
		return r;
	json_array_foreach (json_object_get(result, "runs"), i, run) {
		r = add_run(&table, run, err);
		if (r < 0)
			return r;
	}
	if (json_get_bool(result, "more", false))
		r = table_set_note(table.table, "there are more on the tracking page", err);
	return r < 0 ? r : text_table_show(&table, call->out, err);
}
