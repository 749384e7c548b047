/* The commands of splice-scorer but `serve`, which has a file of its own. */
#include "scorer/commands.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "scorer/args.h"
#include "scorer/invoke.h"
#include "scorer/kind.h"
#include "scorer/parity.h"
#include "scorer/serve.h"

#include <stdio.h>

static int need(const char *value, const char *name, struct err *err)
{
	return value ? 0 : err_set(err, E_USAGE, "%s is missing", name);
}

/* --- score --- */

static bool looks_like_json(const struct buf *b)
{
	size_t i = 0;

	while (i < b->len && str_is_space((char)b->data[i]))
		i++;
	return i < b->len && b->data[i] == '{';
}

/* One of two words; NULL is the first. */
static int choose(const char *name, const char *value, const char *a, const char *b, bool *ret_b,
		  struct err *err)
{
	*ret_b = value && str_eq(value, b);
	if (!value || *ret_b || str_eq(value, a))
		return 0;
	return err_set(err, E_USAGE, "%s is %s or %s, not \"%.40s\"", name, a, b, value);
}

static int score_body(const char *path, struct invocation *in, struct err *err)
{
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_(batch_freep) struct batch *batch = NULL;
	_cleanup_buf_ struct buf body = {0}, answer = {0};
	size_t rows;
	int r = model_load(path, &m, err);

	if (r == 0)
		r = model_batch_new(m, &batch, err);
	if (r < 0)
		return r;
	buf_init(&body, LIMIT_SCORER_BODY);
	buf_init(&answer, LIMIT_SCORER_ANSWER);
	r = fs_read_fd(STDIN_FILENO, "standard input", &body, err);
	if (r < 0)
		return r;
	in->type = looks_like_json(&body) ? BODY_JSON : BODY_CSV;
	in->body = (char *)body.data;
	in->n = body.len;
	r = invoke(m, batch, in, &answer, &rows, err);
	if (r < 0)
		return r;
	if (!in->csv_answer)
		buf_put_u8(&answer, '\n');
	return fs_write_all(STDOUT_FILENO, answer.data, answer.len, err);
}

static int run_score(char *const *words, struct err *err)
{
	const char *model = NULL, *output = NULL, *format = NULL;
	const struct arg args[] = {{"--model", &model},
				   {"--output", &output},
				   {"--format", &format},
				   {NULL, NULL}};
	struct invocation in = {0};
	int r = args_parse(words, args, err);

	if (r == 0)
		r = need(model, "--model", err);
	if (r == 0)
		r = choose("--output", output, "prediction", "all", &in.all, err);
	if (r == 0)
		r = choose("--format", format, "json", "csv", &in.csv_answer, err);
	return r < 0 ? r : score_body(model, &in, err);
}

/* --- check --- */

static void print_columns(const struct model *m)
{
	printf("%zu column%s:", m->n_inputs, m->n_inputs == 1 ? "" : "s");
	for (size_t i = 0; i < m->n_inputs; i++)
		printf("%s %s %s", i ? "," : "", m->slots[i].name,
		       column_type_name(m->slots[i].type));
	printf("\n");
}

static void print_model(const struct model *m)
{
	const struct output *outputs[] = {&m->prediction, &m->probability, &m->raw};

	if (*m->run_id)
		printf("run %s, experiment %s\n", m->run_id, m->experiment_id);
	print_columns(m);
	for (size_t i = 0; i < m->n_stages; i++)
		printf("stage %zu: %s %s\n", i + 1, m->stages[i].kind->name, m->stages[i].uid);
	printf("answers:");
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
		if (outputs[i]->name)
			printf("%s %s", i ? "," : "", outputs[i]->name);
	printf("\n");
}

static int run_check(char *const *words, struct err *err)
{
	_cleanup_(model_freep) struct model *m = NULL;
	const char *model = NULL;
	const struct arg args[] = {{"--model", &model}, {NULL, NULL}};
	int r = args_parse(words, args, err);

	if (r == 0)
		r = need(model, "--model", err);
	if (r == 0)
		r = model_load(model, &m, err);
	if (r == 0)
		print_model(m);
	return r;
}

/* --- parity --- */

static int compare(const char *model, const char *sample, struct err *err)
{
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_buf_ struct buf text = {0}, report = {0};
	struct parity parity = {0};
	int r = model_load(model, &m, err);

	buf_init(&text, LIMIT_SCORER_BODY);
	buf_init(&report, LIMIT_SMALL_FILE);
	if (r == 0)
		r = fs_read(sample, &text, err);
	if (r == 0)
		r = parity_compare(m, (const char *)text.data, text.len, &report, &parity, err);
	if (r < 0)
		return r;
	r = fs_write_all(STDOUT_FILENO, report.data, report.len, err);
	if (r < 0)
		return r;
	if (parity.different)
		return err_set(err, E_INPUT, "%zu of %zu rows are answered differently",
			       parity.different, parity.rows);
	printf("%zu row%s answered as Spark answers them\n", parity.rows,
	       parity.rows == 1 ? "" : "s");
	return 0;
}

static int run_parity(char *const *words, struct err *err)
{
	const char *model = NULL, *sample = NULL;
	const struct arg args[] = {{"--model", &model}, {"--sample", &sample}, {NULL, NULL}};
	int r = args_parse(words, args, err);

	if (r == 0)
		r = need(model, "--model", err);
	if (r == 0)
		r = need(sample, "--sample", err);
	return r < 0 ? r : compare(model, sample, err);
}

const struct command commands_all[] = {
	{"serve",
	 "[--model FILE | --endpoint FOLDER] [--port N] [--host ADDRESS] [--threads N] "
	 "[--log-level LEVEL]",
	 "answer requests until SIGTERM; SIGHUP reads the files again", serve_run},
	{"score", "--model FILE [--output all] [--format csv]",
	 "answer the rows on standard input, JSON or CSV", run_score},
	{"check", "--model FILE", "check a model file and show its stages", run_check},
	{"parity", "--model FILE --sample FILE", "compare with what Spark answered", run_parity},
	{NULL, NULL, NULL, NULL},
};
