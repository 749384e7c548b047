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
	const char *usage; /* one without "--" has no options */
	size_t min_words;  /* behind the name */
	size_t max_words;
	command_fn *run;
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
	{"deploy", "deploy [RUN] --app NAME [--target local|sagemaker] [--mode create|replace|add]",
	 1, SIZE_MAX, command_deploy},
	{"doctor", "doctor deploy [RUN] --app NAME …", 1, SIZE_MAX, command_doctor},
	{"endpoints", "endpoints", 0, 0, command_endpoints},
	{"invoke", "invoke APP [COLUMN=VALUE … or JSON] [--target local|sagemaker]", 1, SIZE_MAX,
	 command_invoke},
	{"shift", "shift APP N% [--variant NAME]", 2, SIZE_MAX, command_shift},
	{"undeploy", "undeploy APP [--target local|sagemaker]", 1, SIZE_MAX, command_undeploy},
	{"jobs", "jobs [TEXT]", 0, 1, command_jobs},
	{"job", "job NUMBER", 1, 1, command_job},
	{"cancel", "cancel NUMBER", 1, 1, command_cancel},
	{"retry", "retry NUMBER", 1, 1, command_retry},
	{"retrain", "retrain RUN [--table NEW | --table OLD=NEW …] [--label COLUMN] [--show]", 1,
	 SIZE_MAX, command_retrain},
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

/* A mistyped option must not become a part of a name. */
static int run_command(const struct command *c, struct magic_call *call, struct strv *words,
		       struct err *err)
{
	int r = strstr(c->usage, "--") ? 0 : words_no_options(words, err);

	return r < 0 ? r : c->run(call, words, err);
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
			return run_command(c, call, words, err);
		r = err_set(err, E_USAGE, "%s: %s", c->name,
			    n < c->min_words ? "something is missing" : "too many words");
		err_set_hint(err, "usage: %s", c->usage);
		return r;
	}
	return unknown_command(words->items[0], err);
}

static int nothing_may_follow(struct err *err)
{
	int r = err_set(err, E_USAGE, "a command that goes on in Python is the last of its cell");

	err_set_hint(err, "put what follows it into a cell of its own");
	return r;
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
	return call->relay ? nothing_may_follow(err) : run_words(call, &words, err);
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
	if (call->relay)
		return MAGIC_RELAY;
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
	.summary = "experiments, runs, what is logged to them, and deployments",
	.usage =
		"%mlmanager experiment NAME            make it, or choose it\n"
		"%mlmanager run [NAME] [--user USER]   a new run; the active one ends\n"
		"%mlmanager use RUN                    an earlier run again\n"
		"%mlmanager log NAME=VALUE …           numbers are metrics, the rest parameters\n"
		"%mlmanager log param NAME=VALUE …     parameters, whatever they look like\n"
		"%mlmanager log metric NAME=VALUE … [--step N]\n"
		"%mlmanager tag NAME=VALUE …\n"
		"%mlmanager end [finished|failed|killed]\n"
		"%mlmanager status | experiments | runs [EXPERIMENT]\n"
		"%mlmanager compare RUN RUN [RUN …]    side by side, differences marked\n"
		"%mlmanager deploy RUN --app NAME      serve its model; --mode create, replace or add;\n"
		"    --target local or sagemaker (--region R --type T --instances N), --weight W,\n"
		"    --archive, --no-wait\n"
		"%mlmanager doctor deploy RUN --app NAME …   only check whether it would work\n"
		"%mlmanager endpoints | invoke APP [COLUMN=VALUE … or JSON]\n"
		"%mlmanager shift APP 10% | undeploy APP\n"
		"%mlmanager jobs [TEXT] | job N | cancel N | retry N\n"
		"%mlmanager retrain RUN [--table NEW | --table OLD=NEW …] [--label COLUMN] [--show]\n"
		"                                      its recorded cells on fresh rows, as a new run;\n"
		"                                      --show says what would run, and runs nothing\n"
		"RUN is a name, an id or the beginning of one. Several commands: one a line\n"
		"below %mlmanager; lines that begin with # are comments.",
	.inline_body = true,
	.run = run,
	.complete = complete,
};
