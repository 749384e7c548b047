/* The magic's table entry, its options, and the connection a cell runs on. */
#include "magics/splicemachine/splicemachine.h"

#include "magics/splicemachine/run.h"

#include <string.h>

/* Ask the user for the password that the server wants, and connect with it. */
static int connect_asking(struct magic_call *call, struct out_notice *notice, struct err *err)
{
	_cleanup_free_ char *text = db_url_text(session_refused(call->session));
	_cleanup_free_ char *prompt = text ? str_fmt("Password for %s: ", text) : NULL;
	_cleanup_free_ char *password = NULL;
	struct err ignored = ERR_INIT;
	int r;

	if (!prompt)
		return err_nomem(err);
	r = call->out->input(call->out, prompt, /* password= */ true, &password, &ignored);
	if (r == E_CANCEL) {
		*err = ignored;
		return r;
	}
	if (r < 0)
		return E_AUTH; /* nobody to ask: the server's refusal stands */
	err_clear(err);
	r = session_use_password(call->session, password, call->cancel, out_notice_show, notice,
				 err);
	explicit_bzero(password, strlen(password));
	return r;
}

/* The cells that follow do not go where --connect could not: the user should know. */
static int say_where(const struct magic_call *call, int code, struct err *err)
{
	const struct err failed = *err;

	if (session_url(call->session))
		err_set_hint(err, "%s%sSQL cells still go to %s", failed.hint,
			     *failed.hint ? "; " : "", session_url(call->session));
	return code;
}

/* url: for this cell and all that follow; NULL: the one in use. */
static int try_connect(struct magic_call *call, const struct db_url *url, struct db **ret,
		       struct err *err)
{
	struct out_notice notice = {.out = call->out};
	const struct db_url *refused;
	int r = 0;

	if (url)
		r = session_use_url(call->session, url, call->cancel, out_notice_show, &notice,
				    err);
	if (r == 0)
		r = session_db(call->session, call->cancel, out_notice_show, &notice, ret, err);
	refused = r == E_AUTH ? session_refused(call->session) : NULL;
	if (!refused || !refused->user || refused->password)
		return r;
	r = connect_asking(call, &notice, err);
	return r < 0 ? r
		     : session_db(call->session, call->cancel, out_notice_show, &notice, ret, err);
}

static int connect_call(struct magic_call *call, const char *text, struct db **ret, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	int r = text ? db_url_parse(text, &url, err) : 0;

	if (r == 0)
		r = try_connect(call, text ? &url : NULL, ret, err);
	return r < 0 && text ? say_where(call, r, err) : r;
}

static enum chart_kind chart_option(const char *word)
{
	static const struct {
		const char *word;
		enum chart_kind kind;
	} words[] = {{"pie", CHART_PIE}, {"bar", CHART_BAR}, {"none", CHART_NONE}};

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
		if (str_eq(word, words[i].word))
			return words[i].kind;
	return CHART_AUTO;
}

static int rows_option(const struct magic_call *call, size_t *ret, struct err *err)
{
	const char *word = magic_arg_value(call, "rows");
	int64_t rows;
	int r;

	if (word)
		r = str_parse_i64(word, &rows, err);
	else
		r = config_get_i64(call->nb->config, "rows", &rows, err);
	if (r < 0)
		return r;
	if (rows < 1 || rows > 1000000)
		return err_set(err, E_USAGE, "rows: a number from 1 to 1,000,000 is expected");
	*ret = (size_t)rows;
	return 0;
}

static int run(struct magic_call *call, struct err *err)
{
	_cleanup_statements_ struct sql_statements statements = {0};
	const char *url = magic_arg_value(call, "connect");
	struct sql_run run = {.call = call, .chart = chart_option(magic_arg_value(call, "chart"))};
	int r = rows_option(call, &run.keep, err);

	if (r == 0)
		r = sql_split(call->body, call->body_len, call->body_line, &statements, err);
	if (r == 0)
		r = connect_call(call, url, &run.db, err);
	if (r < 0)
		return r;
	run.n_statements = statements.len;
	for (size_t i = 0; i < statements.len; i++) {
		run.index = i;
		r = sql_run_statement(&run, &statements.items[i], err);
		if (r < 0)
			return r;
	}
	if (statements.len == 0)
		out_printf(call->out, STREAM_STDOUT, "%s, schema %s, at %s\n",
			   db_server_name(run.db), db_schema(run.db), session_url(call->session));
	return 0;
}

static const struct magic_option options[] = {
	{"rows", 'n', "N", "rows shown of each result (setting rows: 1,000)"},
	{"chart", 'c', "pie|bar|none", "chart of the results, opened; none leaves it out"},
	{"connect", 0, "URL", "use this database from now on: splice://user@host:1527/splicedb"},
	{NULL, 0, NULL, NULL},
};

const struct magic magic_splicemachine = {
	.name = "splicemachine",
	.summary = "run SQL on Splice Machine or Derby",
	.usage =
		"%splicemachine\n"
		"select class_result, count(*) from cc_fraud.cc_fraud_data group by class_result;\n"
		"%splicemachine --chart pie select a, count(*) from t group by a\n"
		"%splicemachine --connect splice://user@host:1527/splicedb",
	.options = options,
	.inline_body = true,
	.run = run,
};
