/* The scorer's own comparison. */
#include "deploy/parity.h"

#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/program.h"

#include <stdio.h>
#include <sys/wait.h>

enum { PARITY_MS = 10 * 60 * 1000 };

static int run_scorer(const char *const *argv, struct cancel *cancel, char **ret_output,
		      int *ret_status, struct err *err)
{
	struct program p = {.argv = argv, .timeout_ms = PARITY_MS};
	_cleanup_buf_ struct buf output;
	int r;

	buf_init(&output, LIMIT_SMALL_FILE);
	r = program_run(&p, cancel, &output, ret_status, err);
	if (r == E_NOTFOUND)
		err_set_hint(err, "the program splice-scorer belongs beside splice-manager; run "
				  "install.sh again");
	if (r < 0)
		return r;
	buf_put_u8(&output, '\0');
	*ret_output = buf_take_str(&output);
	return *ret_output ? 0 : err_nomem(err);
}

/* "splice-scorer: why" without the name; several lines as one text. */
static void set_refusal(char *output, int status, bool compared, struct err *err)
{
	static const char own_name[] = "splice-scorer: ";
	char *text = str_trim(output), how[80];

	if (WIFSIGNALED(status)) {
		proc_describe_status(how, sizeof(how), status);
		err_set(err, E_INPUT, "splice-scorer %s over this model", how);
		return;
	}
	if (str_starts(text, own_name))
		text += strlen(own_name);
	err_set(err, E_INPUT, "%s%.2000s",
		compared ? "splice-scorer does not answer the sample as Spark did: "
			 : "splice-scorer does not take the model: ",
		*text ? text : "it does not say why");
	err_set_hint(err, compared ? "this is a fault of splice-scorer or of the model's export: "
				     "log the model again, and report it if that does not help"
				   : "log the model again with log_spark_model");
}

int parity_check(const char *model, const char *sample, struct cancel *cancel, json_t **ret,
		 struct err *err)
{
	_cleanup_free_ char *scorer = proc_sibling("splice-scorer");
	_cleanup_free_ char *output = NULL;
	const char *const compare[] = {scorer,     "parity", "--model", model,
				       "--sample", sample,   NULL};
	const char *const load[] = {scorer, "check", "--model", model, NULL};
	long long rows = 0;
	int status = 0, r;

	if (!scorer)
		return err_nomem(err);
	r = run_scorer(sample ? compare : load, cancel, &output, &status, err);
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		set_refusal(output, status, sample != NULL, err);
		return E_INPUT;
	}
	if (sample && sscanf(output, "%lld", &rows) != 1)
		rows = 0;
	*ret = sample ? json_pack("{s:b, s:I}", "compared", 1, "rows", (json_int_t)rows)
		      : json_pack("{s:b}", "compared", 0);
	return *ret ? 0 : err_nomem(err);
}
