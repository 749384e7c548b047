/* The commands of %mlmanager and their table. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/limits.h"
#include "notebook/track.h"

#include <stdio.h>
#include <string.h>

int track(struct magic_call *call, const char *op, json_t *args, json_t **ret, struct err *err)
{
	struct out_notice notice = {.out = call->out};
	json_auto_t *owned = args;
	json_t *text;
	size_t i;
	int r = owned ? notebook_track(call->nb, op, owned, call->cancel, out_notice_show, &notice,
				       ret, err)
		      : err_nomem(err);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(*ret, "notices"), i, text)
		out_printf(call->out, STREAM_STDERR, "%s\n", json_string_value(text));
	return 0;
}

/* --- experiments --- */

static int show_experiment(struct magic_call *call, const json_t *experiment, const char *verb,
			   struct err *err)
{
	_cleanup_free_ char *note =
		str_fmt("(id %s), %s", json_get_str(experiment, "id", "?"), verb);

	return note ? show_link(call, "Experiment", json_get_str(experiment, "name", ""), note,
				json_get_str(experiment, "url", NULL), err)
		    : err_nomem(err);
}

static int command_experiment(struct magic_call *call, struct strv *words, struct err *err)
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

static int command_experiments(struct magic_call *call, struct strv *words, struct err *err)
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

/* --- runs --- */

static int show_run(struct magic_call *call, const json_t *run, const char *verb, struct err *err)
{
	_cleanup_free_ char *note = str_fmt("(%s), %s", json_get_str(run, "id", "?"), verb);

	return note ? show_link(call, "Run", json_get_str(run, "name", ""), note,
				json_get_str(run, "url", NULL), err)
		    : err_nomem(err);
}

static int command_run(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *user = NULL;
	_cleanup_free_ char *name = NULL;
	json_auto_t *result = NULL;
	int r = words_option(words, "user", &user, err);

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

static int command_use(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *text = words_join(words, 1);
	json_auto_t *result = NULL;
	int r = text ? track(call, "set_run", json_pack("{s:s}", "run_id", text), &result, err)
		     : err_nomem(err);

	return r < 0 ? r : show_run(call, json_object_get(result, "run"), "active now", err);
}

static int command_end(struct magic_call *call, struct strv *words, struct err *err)
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

static int command_runs(struct magic_call *call, struct strv *words, struct err *err)
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

/* --- logging --- */

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

static int command_log(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *params = json_object();
	json_auto_t *metrics = json_array();
	json_auto_t *result = NULL;
	_cleanup_free_ char *step = NULL;
	enum log_kind kind = LOG_BY_VALUE;
	size_t first = 2;
	int r = params && metrics ? words_option(words, "step", &step, err) : err_nomem(err);

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
		out_printf(call->out, STREAM_STDOUT, "Logged %zu parameters, %zu metrics.\n",
			   json_object_size(params), json_array_size(metrics));
	return r;
}

static int command_tag(struct magic_call *call, struct strv *words, struct err *err)
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
		out_printf(call->out, STREAM_STDOUT, "Set %zu tags.\n", json_object_size(tags));
	return r;
}

/* --- the rest --- */

static int command_status(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *state = NULL;
	json_t *experiment, *run;
	json_int_t pending;
	int r = track(call, "state", json_object(), &state, err);

	(void)words;
	if (r < 0)
		return r;
	experiment = json_object_get(state, "experiment");
	run = json_object_get(state, "run");
	pending = json_get_int(state, "pending", 0);
	r = json_is_object(experiment) ? show_experiment(call, experiment, "active", err) : 0;
	if (r == 0 && json_is_object(run))
		r = show_run(call, run, "active", err);
	if (r < 0)
		return r;
	if (!json_is_object(run))
		out_printf(call->out, STREAM_STDOUT,
			   "No run is active: %%mlmanager run NAME makes one.\n");
	out_printf(call->out, STREAM_STDOUT, "Server: %s. Waiting to be sent: %lld records.\n",
		   json_get_str(state, "uri", "not needed yet"), (long long)pending);
	return 0;
}

static int command_help(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_free_ char *text = magic_help(call->magic);

	(void)words;
	if (!text)
		return err_nomem(err);
	out_printf(call->out, STREAM_STDOUT, "%s", text);
	return 0;
}

static const struct command {
	const char *name;
	const char *usage;
	size_t min_words; /* behind the name */
	size_t max_words;
	int (*run)(struct magic_call *call, struct strv *words, struct err *err);
} commands[] = {
	{"experiment", "experiment NAME", 1, SIZE_MAX, command_experiment},
	{"run", "run [NAME] [--user USER]", 0, SIZE_MAX, command_run},
	{"use", "use RUN", 1, SIZE_MAX, command_use},
	{"log", "log [param|metric] NAME=VALUE … [--step N]", 1, SIZE_MAX, command_log},
	{"tag", "tag NAME=VALUE …", 1, SIZE_MAX, command_tag},
	{"end", "end [finished|failed|killed]", 0, 1, command_end},
	{"status", "status", 0, 0, command_status},
	{"experiments", "experiments", 0, 0, command_experiments},
	{"runs", "runs [EXPERIMENT]", 0, SIZE_MAX, command_runs},
	{"compare", "compare RUN RUN [RUN …]", 2, SIZE_MAX, command_compare},
	{"help", "help", 0, 0, command_help},
};

static int unknown_command(const char *name, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_free_ char *list = NULL;
	int r = err_set(err, E_USAGE, "%%mlmanager has no command \"%.60s\"", name);

	buf_init(&b, KIB(1));
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_printf(&b, "%s%s", i ? ", " : "", commands[i].name);
	list = buf_take_str(&b);
	err_set_hint(err, "commands: %s", list ? list : "see %mlmanager --help");
	return r;
}

static int run_words(struct magic_call *call, struct strv *words, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = &commands[i];
		size_t n = words->len - 1;
		int r;

		if (!str_eq(c->name, words->items[0]))
			continue;
		if (n >= c->min_words && n <= c->max_words)
			return c->run(call, words, err);
		r = err_set(err, E_USAGE, "%s: %s", c->name,
			    n < c->min_words ? "something is missing" : "too many words");
		err_set_hint(err, "usage: %s", c->usage);
		return r;
	}
	return unknown_command(words->items[0], err);
}

/* *ret_ran is set when the line holds a command. */
static int run_line(struct magic_call *call, const char *line, size_t n, bool *ret_ran,
		    struct err *err)
{
	_cleanup_strv_ struct strv words = {0};
	int r = words_split(line, n, &words, err);

	if (r < 0 || words.len == 0 || words.items[0][0] == '#')
		return r;
	*ret_ran = true;
	return run_words(call, &words, err);
}

static int run(struct magic_call *call, struct err *err)
{
	const char *p = call->body;
	const char *end = call->body + call->body_len;
	bool ran = false;

	for (int line = call->body_line; p < end; line++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		int r = cancel_check(call->cancel, err);

		if (r == 0)
			r = run_line(call, p, n, &ran, err);
		if (r < 0)
			return line > 1 ? err_prefix(err, "line %d", line) : r;
		p += n + 1;
	}
	return ran ? 0 : command_help(call, /* words= */ NULL, err);
}

/* Names of commands at the beginning of a line. */
static int complete(struct notebook *nb, const char *body, size_t at, struct strv *ret,
		    size_t *ret_start, struct err *err)
{
	size_t start = at;
	size_t line;
	int r = 0;

	(void)nb;
	while (start && str_is_word(body[start - 1]))
		start--;
	line = start;
	while (line && (body[line - 1] == ' ' || body[line - 1] == '\t'))
		line--;
	if (line && body[line - 1] != '\n')
		return 0;
	*ret_start = start;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(commands); i++)
		if (strncmp(commands[i].name, body + start, at - start) == 0)
			r = strv_add(ret, commands[i].name, err);
	return r;
}

const struct magic magic_mlmanager = {
	.name = "mlmanager",
	.summary = "experiments, runs and what is logged to them",
	.usage = "%mlmanager experiment NAME            make it, or choose it\n"
		 "%mlmanager run [NAME] [--user USER]   a new run; the active one ends\n"
		 "%mlmanager use RUN                    an earlier run again\n"
		 "%mlmanager log NAME=VALUE …           numbers are metrics, the rest parameters\n"
		 "%mlmanager log param NAME=VALUE …     parameters, whatever they look like\n"
		 "%mlmanager log metric NAME=VALUE … [--step N]\n"
		 "%mlmanager tag NAME=VALUE …\n"
		 "%mlmanager end [finished|failed|killed]\n"
		 "%mlmanager status | experiments | runs [EXPERIMENT]\n"
		 "%mlmanager compare RUN RUN [RUN …]    side by side, differences marked\n"
		 "RUN is a name, an id or the beginning of one. Several commands: one a line\n"
		 "below %mlmanager; lines that begin with # are comments.",
	.inline_body = true,
	.run = run,
	.complete = complete,
};
