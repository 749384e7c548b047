/* An import with a progress bar. */
#include "magics/splicemachine/load.h"

#include "magics/splicemachine/show.h"
#include "notebook/import.h"

#include <string.h>

struct load {
	struct live live;
	struct progress progress;
	struct sql_run *run;
	char what[128];
};

static const char *file_name(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash && slash[1] ? slash + 1 : url;
}

static void on_progress(void *userdata, const struct import_progress *p)
{
	struct load *load = userdata;

	(void)snprintf(load->what, sizeof(load->what), "importing %.100s", file_name(p->file));
	load->progress.what = load->what;
	load->progress.unit = "bytes";
	load->progress.done = p->bytes_done;
	load->progress.total = p->bytes_total;
	load->progress.detail = p->bad;
	load->progress.detail_unit = p->bad ? "bad records" : NULL;
	live_update(&load->live, &load->progress);
}

static void on_notice(void *userdata, const char *text)
{
	struct load *load = userdata;

	out_printf(load->run->call->out, STREAM_STDOUT, "%s\n", text);
}

static struct value number(uint64_t n)
{
	return (struct value){.type = VALUE_BIGINT, .i = (int64_t)n};
}

/* The row that Splice Machine's procedure returns, with its column names. */
static int show_row(struct sql_run *run, const struct import_result *result, struct err *err)
{
	static const struct column columns[] = {
		{.name = (char *)"rowsImported", .type = VALUE_BIGINT},
		{.name = (char *)"failedRows", .type = VALUE_BIGINT},
		{.name = (char *)"files", .type = VALUE_INTEGER},
		{.name = (char *)"dataSize", .type = VALUE_BIGINT},
		{.name = (char *)"failedLog", .type = VALUE_VARCHAR},
	};
	const struct table_options options = {.chart = CHART_NONE};
	_cleanup_(table_freep) struct table *t = NULL;
	struct value row[] = {number(result->rows),
			      number(result->failed),
			      number(result->files),
			      number(result->bytes),
			      {.type = VALUE_VARCHAR}};
	int r = table_new(columns, ARRAY_LEN(columns), &options, &t, err);

	row[4].s.p = result->failed_log;
	row[4].s.n = strlen(result->failed_log);
	if (r == 0)
		r = table_add(t, row, err);
	return r < 0 ? r : show_table(run, t, /* more_follow= */ false, err);
}

int load_run(struct sql_run *run, const char *call, struct err *err)
{
	_cleanup_import_args_ struct import_args args = {0};
	_cleanup_(import_result_release) struct import_result result = {0};
	struct load load = {.run = run};
	const struct import_hooks hooks = {on_progress, on_notice, &load, run->call->cancel};
	int r = import_args_parse(call, strlen(call), &args, err);

	if (r < 0)
		return r;
	live_begin(&load.live, run);
	r = import_run(run->db, run->call->nb->files, &args, &hooks, &result, err);
	live_end(&load.live, &load.progress, r < 0);
	return r < 0 ? r : show_row(run, &result, err);
}
