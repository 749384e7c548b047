/* One import: its files one after the other, within one transaction or savepoint. */
#include "notebook/import.h"

#include "notebook/import-rows.h"
#include "notebook/import-source.h"
#include "notebook/unit.h"

#include <inttypes.h>
#include <string.h>

/* Rows between two looks at the cancel token. */
enum { ROWS_BETWEEN_LOOKS = 256 };

struct import {
	struct db *db;
	struct files *files;
	const struct import_args *args;
	const struct import_hooks *hooks;
	struct files_call call;
	struct import_table table;
	struct import_bad *bad;
	struct import_rows *rows;
	struct import_progress progress;
	uint64_t bytes_before; /* of the files that are done */
	struct import_result result;
};

static void import_release(struct import *im)
{
	import_rows_free(im->rows);
	import_bad_free(im->bad);
	import_table_release(&im->table);
	import_result_release(&im->result);
}

void import_result_release(struct import_result *r)
{
	free(r->failed_log);
	*r = (struct import_result){0};
}

static void notice(const struct import *im, const char *text)
{
	if (im->hooks->notice)
		im->hooks->notice(im->hooks->userdata, text);
}

static int look_around(struct import *im, const struct import_source *source, struct err *err)
{
	im->progress.bytes_done = im->bytes_before + import_source_done(source);
	im->progress.bad = import_rows_bad(im->rows);
	if (im->hooks->progress)
		im->hooks->progress(im->hooks->userdata, &im->progress);
	return cancel_check(im->hooks->cancel, err);
}

/* Zero bytes stand in no text file of a charset that was named rightly. */
static int check_text(struct csv *csv, const char *url, struct err *err)
{
	const char *p, *zero;
	size_t n;
	int code = csv_peek(csv, &p, &n, err);

	if (code < 0)
		return code;
	zero = n ? memchr(p, '\0', n < 4096 ? n : 4096) : NULL;
	if (!zero)
		return 0;
	err_set(err, E_INPUT, "%s is not a text file: byte %zu is zero", url,
		(size_t)(zero - p) + 1);
	err_set_hint(err, "For a file in UTF-16, name the charset as the last argument. gzip files "
			  "are unpacked; other archives are not.");
	return E_INPUT;
}

static int read_records(struct import *im, struct csv *csv, const struct import_source *source,
			struct err *err)
{
	const struct csv_record *record;
	int more;

	while ((more = csv_next(csv, &record, err)) == 1) {
		int code = import_rows_add(im->rows, im->progress.file, record, err);

		if (code == 0 && im->progress.rows++ % ROWS_BETWEEN_LOOKS == 0)
			code = look_around(im, source, err);
		if (code < 0)
			return code;
	}
	return more;
}

static int no_such_file(const char *url, struct err *err)
{
	_cleanup_free_ char *given = str_dup(err->text);

	if (given)
		err_set(err, E_NOTFOUND, "%s", given);
	err_set_name(err, "X0X14");
	if (!*err->hint && str_starts(url, "s3"))
		err_set_hint(err, "check the names of bucket and object, and where they are looked "
				  "for: AWS_ENDPOINT_URL, AWS_REGION");
	else if (!*err->hint)
		err_set_hint(err, "The file is read where the kernel runs: %s", url);
	return E_NOTFOUND;
}

static int import_file(struct import *im, const char *url, struct err *err)
{
	const struct csv_options options = {.delimiter = im->args->delimiter,
					    .quote = im->args->quote,
					    .lines = im->args->one_line};
	_cleanup_(import_source_freep) struct import_source *source = NULL;
	_cleanup_(csv_freep) struct csv *csv = NULL;
	int code = import_bad_begin(im->bad, url, err);

	im->progress.file = url;
	if (code == 0)
		code = import_source_open(im->files, url, im->args->charset, &im->call, &source,
					  err);
	if (code == E_NOTFOUND)
		return no_such_file(url, err);
	if (code == 0)
		code = csv_new(&options, import_source_read, source, &csv, err);
	if (code == 0)
		code = check_text(csv, url, err);
	if (code == 0)
		code = read_records(im, csv, source, err);
	/* Rows of this file, if refused, belong into this file's log. */
	if (code == 0)
		code = import_rows_flush(im->rows, err);
	if (code < 0)
		return code;
	im->bytes_before += import_source_done(source);
	im->result.files++;
	return 0;
}

/* Files that tools leave beside the data (_SUCCESS, .crc, bad records) are passed over. */
static bool is_data(const struct files_entry *e)
{
	return !e->folder && *e->name != '.' && *e->name != '_' && !import_bad_is_log(e->name);
}

static int import_folder(struct import *im, struct err *err)
{
	struct files_list list = {0};
	int code = files_list(im->files, im->args->file, &im->call, &list, err);

	im->progress.bytes_total = 0;
	for (size_t i = 0; i < list.len; i++)
		if (is_data(&list.items[i]) && list.items[i].size > 0)
			im->progress.bytes_total += (uint64_t)list.items[i].size;
	for (size_t i = 0; code == 0 && i < list.len; i++)
		if (is_data(&list.items[i]))
			code = import_file(im, list.items[i].url, err);
	im->progress.file = im->args->file; /* the list's own goes now */
	files_list_release(&list);
	return code;
}

static int import_all(struct import *im, struct err *err)
{
	bool folder = false;
	int64_t size = -1;
	int code = files_stat(im->files, im->args->file, &im->call, &size, &folder, err);

	if (code == E_NOTFOUND)
		return no_such_file(im->args->file, err);
	if (code < 0)
		return code;
	im->progress.bytes_total = size > 0 ? (uint64_t)size : 0;
	return folder ? import_folder(im, err) : import_file(im, im->args->file, err);
}

static int prepare(struct import *im, struct err *err)
{
	struct cancel *cancel = im->hooks->cancel;
	int code = import_table_read(im->db, im->args, cancel, &im->table, err);

	if (code == 0)
		code = import_bad_new(im->files, im->args->bad_dir, &im->call, &im->bad, err);
	if (code == 0)
		code = import_rows_new(im->db, im->args, &im->table, im->bad, cancel, &im->rows,
				       err);
	return code;
}

static int empty_table(struct import *im, struct err *err)
{
	_cleanup_free_ char *sql = NULL;
	int code = import_table_delete(&im->table, &sql, err);

	return code < 0 ? code : unit_run(im->db, sql, im->hooks->cancel, err);
}

/* Everything that happens within the transaction. */
static int transfer(struct import *im, struct err *err)
{
	int code = prepare(im, err);

	if (code == 0 && im->args->replace)
		code = empty_table(im, err);
	if (code == 0)
		code = import_all(im, err);
	if (im->bad) {
		struct err late = ERR_INIT;
		int r = import_bad_finish(im->bad, &late);

		if (code == 0 && r < 0) {
			*err = late;
			code = err_prefix(err,
					  "the bad records cannot be kept; nothing was imported");
		}
	}
	return code;
}

static int name_cancel(const struct import *im, int code, struct err *err)
{
	if (code == E_CANCEL) {
		err_set(err, E_CANCEL,
			"the import was interrupted after %" PRIu64 " rows; none of them were kept",
			im->progress.rows);
		err_set_name(err, "KeyboardInterrupt");
	}
	return code;
}

static int import(struct import *im, struct err *err)
{
	struct unit unit;
	int code = unit_begin(&unit, im->db, im->hooks->cancel, err);

	if (code < 0)
		return code;
	code = transfer(im, err);
	if (code == 0) {
		im->result.rows = import_rows_good(im->rows);
		im->result.failed = import_rows_bad(im->rows);
	}
	import_rows_free(TAKE(im->rows));
	if (code == 0)
		code = unit_keep(&unit, err);
	if (code < 0) {
		unit_undo(&unit, err);
		return name_cancel(im, code, err);
	}
	im->result.bytes = im->bytes_before;
	im->result.failed_log = str_dup(import_bad_place(im->bad));
	if (im->progress.rows == 0)
		notice(im, "the file holds no records");
	return im->result.failed_log ? 0 : err_nomem(err);
}

int import_run(struct db *db, struct files *files, const struct import_args *args,
	       const struct import_hooks *hooks, struct import_result *ret, struct err *err)
{
	_cleanup_(import_release) struct import im = {
		.db = db,
		.files = files,
		.args = args,
		.hooks = hooks,
		.call = {hooks->cancel, hooks->notice, hooks->userdata},
		.progress = {.file = args->file},
	};
	int code = import(&im, err);

	if (code == 0) {
		*ret = im.result;
		im.result = (struct import_result){0};
	}
	return code;
}
