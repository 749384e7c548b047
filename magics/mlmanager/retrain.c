/*
 * %mlmanager retrain: the run is found here, the rest is Python's
 * (python/splicemachine/_retrain), which reads and replays Python cells.
 */
#include "magics/mlmanager/mlmanager-int.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

/* What the user asked for, into a request of {"run", "tables", "label", "show", "kernel"}. */
struct asked {
	json_t *tables; /* texts behind --table */
	char *label;
	bool show;
};

static void asked_release(struct asked *a)
{
	json_decref(a->tables);
	free(a->label);
}

static int take_tables(struct strv *words, json_t *tables, struct err *err)
{
	for (;;) {
		_cleanup_free_ char *value = NULL;
		int r = words_option(words, "table", &value, err);

		if (r < 0 || !value)
			return r;
		if (json_array_append_new(tables, json_strz(value)) < 0)
			return err_nomem(err);
	}
}

static int take_options(struct strv *words, struct asked *ret, struct err *err)
{
	int r;

	ret->tables = json_array();
	r = ret->tables ? take_tables(words, ret->tables, err) : err_nomem(err);
	if (r == 0)
		r = words_option(words, "label", &ret->label, err);
	if (r == 0) {
		ret->show = words_switch(words, "show");
		r = words_no_options(words, err);
	}
	if (r == 0 && words->len < 2) {
		r = err_set(err, E_USAGE, "retrain which run?");
		err_set_hint(err, "%%mlmanager runs lists those of the active experiment");
	}
	return r;
}

/* The program that runs: the fresh kernel is of the same. */
static int own_program(char ret[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	ret[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : err_set_errno(err, E_IO, errno, "/proc/self/exe");
}

/*
 * A call with one text, which is JSON: the text of a JSON string is a Python
 * literal as well, so that nothing in a name can be read as code.
 */
static int relay_call(struct magic_call *call, const json_t *request, struct err *err)
{
	_cleanup_free_ char *json = json_text(request);
	json_auto_t *text = json ? json_strz(json) : NULL;
	_cleanup_free_ char *literal = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;

	call->relay =
		literal ? str_fmt("__import__(\"splicemachine._retrain\", fromlist=(\"run\",))"
				  ".run(%s)",
				  literal)
			: NULL;
	return call->relay ? MAGIC_RELAY : err_nomem(err);
}

/* New.  What was logged to the run is not Python's concern here. */
static json_t *make_request(const json_t *run, const struct asked *asked, const char *program)
{
	return json_pack("{s{ss ss ss} sO so sb ss}", "run", "id", json_get_str(run, "id", ""),
			 "name", json_get_str(run, "name", ""), "experiment_id",
			 json_get_str(run, "experiment_id", ""), "tables", asked->tables, "label",
			 json_strz(asked->label), "show", asked->show, "kernel", program);
}

int command_retrain(struct magic_call *call, struct strv *words, struct err *err)
{
	_cleanup_(asked_release) struct asked asked = {0};
	_cleanup_free_ char *name = NULL;
	json_auto_t *found = NULL;
	json_auto_t *request = NULL;
	char program[PATH_MAX];
	int r = take_options(words, &asked, err);

	if (r == 0)
		r = own_program(program, err);
	if (r < 0)
		return r;
	name = words_join(words, 1);
	r = name ? track(call, "get_run", json_pack("{s:s}", "run_id", name), &found, err)
		 : err_nomem(err);
	if (r < 0)
		return r;
	request = make_request(json_object_get(found, "run"), &asked, program);
	return request ? relay_call(call, request, err) : err_nomem(err);
}
