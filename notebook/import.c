/* One import, from the table's columns to the commit. */
#include "notebook/import.h"

#include "base/buf.h"
#include "base/limits.h"
#include "notebook/convert.h"
#include "notebook/import-bad.h"
#include "notebook/import-source.h"
#include "notebook/sql-lex.h"
#include "notebook/unit.h"

#include <inttypes.h>
#include <string.h>

/* Rows that are kept until the server has answered for them; by then a few chains went out. */
enum { PENDING_ROWS = 16384, PENDING_BYTES = 16 << 20 };
/* SQLSTATE of bytes that are none of the charset. */
static const char not_in_charset[] = "22021";
/* Rows between two looks at the cancel token. */
enum { ROWS_BETWEEN_LOOKS = 256 };

/* A row on its way, for the bad-record file in case the server refuses it. */
struct pending {
	size_t at; /* its text in `texts` */
	size_t n;
	size_t n_fields;
	uint64_t line;
};

struct import {
	struct db *db;
	struct files *files;
	const struct import_args *args;
	const struct import_hooks *hooks;
	struct files_call call;
	char *target;           /* "S"."T" */
	struct column *columns; /* owned, with owned names */
	size_t n_columns;
	struct convert *convert;
	struct import_bad *bad;
	struct db_batch *batch;
	struct pending *pending; /* PENDING_ROWS */
	size_t n_pending;
	uint64_t first_pending; /* the batch's number of pending[0] */
	struct buf texts;
	struct import_progress progress;
	uint64_t bytes_before; /* of the files that are done */
	uint64_t n_bad;
	struct err first_bad; /* the first bad record's reason, for the error text */
	struct err failure;   /* what went wrong within the batch's callback */
	struct import_result result;
};

static void import_release(struct import *im)
{
	db_batch_free(im->batch);
	import_bad_free(im->bad);
	convert_free(im->convert);
	for (size_t i = 0; im->columns && i < im->n_columns; i++) {
		free(im->columns[i].name);
		free(im->columns[i].type_name);
	}
	free(im->columns);
	free(im->target);
	free(im->pending);
	buf_release(&im->texts);
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

/* --- the target ---------------------------------------------------------- */

static int set_target(struct import *im, struct err *err)
{
	_cleanup_free_ char *schema = NULL;
	_cleanup_free_ char *table = sql_quote_name(im->args->table);

	if (im->args->schema)
		schema = sql_quote_name(im->args->schema);
	if (!table || (im->args->schema && !schema))
		return err_nomem(err);
	im->target = schema ? str_fmt("%s.%s", schema, table) : TAKE(table);
	return im->target ? 0 : err_nomem(err);
}

static int copy_column(struct column *dst, const struct column *src, struct err *err)
{
	*dst = *src;
	dst->schema = dst->table = NULL;
	dst->name = str_dup(src->name ? src->name : "");
	dst->type_name = str_dup(src->type_name ? src->type_name : value_type_name(src->type));
	return dst->name && dst->type_name ? 0 : err_nomem(err);
}

static int take_columns(struct import *im, const struct db_result *r, struct err *err)
{
	const struct column *columns;
	size_t n = db_result_columns(r, &columns);

	im->columns = calloc(n ? n : 1, sizeof(*im->columns));
	if (!im->columns)
		return err_nomem(err);
	for (im->n_columns = 0; im->n_columns < n; im->n_columns++) {
		int code = copy_column(&im->columns[im->n_columns], &columns[im->n_columns], err);

		if (code < 0) {
			im->n_columns++;
			return code;
		}
	}
	return 0;
}

/* Quoted names between commas. */
static void put_names(struct buf *b, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *quoted = sql_quote_name(names[i]);

		if (!quoted)
			b->failed = E_NOMEM;
		else
			buf_printf(b, "%s%s", i ? ", " : "", quoted);
	}
}

/* An empty result of the columns that are filled tells their names and types. */
static int read_columns(struct import *im, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	_cleanup_buf_ struct buf sql;
	int code;

	buf_init(&sql, LIMIT_SQL_TEXT);
	buf_put_str(&sql, "select ");
	if (im->args->columns.len)
		put_names(&sql, im->args->columns.items, im->args->columns.len);
	else
		buf_put_str(&sql, "*");
	buf_printf(&sql, " from %s where 1 = 0", im->target);
	code = buf_check(&sql, "the list of columns", err);
	if (code == 0)
		code = db_execute(im->db, (char *)sql.data, sql.len, NULL, 0, im->hooks->cancel, &r,
				  err);
	return code < 0 ? code : take_columns(im, r, err);
}

static int put_insert(const struct import *im, struct buf *sql, struct err *err)
{
	buf_printf(sql, "insert into %s (", im->target);
	for (size_t i = 0; i < im->n_columns; i++) {
		if (i)
			buf_put_str(sql, ", ");
		put_names(sql, &im->columns[i].name, 1);
	}
	buf_put_str(sql, ") values (");
	for (size_t i = 0; i < im->n_columns; i++)
		buf_put_str(sql, i ? ", ?" : "?");
	buf_put_str(sql, ")");
	return buf_check(sql, "the insert statement", err);
}

/* --- bad records --------------------------------------------------------- */

static int too_many(struct import *im, struct err *err)
{
	err_set(err, E_SERVER,
		"Too many bad records in %s: %" PRIu64 ", and maxBadRecords is %" PRId64
		". Nothing was imported; the bad records are in %s",
		im->progress.file, im->n_bad, im->args->max_bad, import_bad_place(im->bad));
	err_set_name(err, "SE009");
	err_set_hint(err, "The first one: %.300s%s", im->first_bad.text,
		     str_eq(im->first_bad.name, not_in_charset) && !im->args->charset
			     ? ". If the file is not in UTF-8, name its charset, such as "
			       "'ISO-8859-1', as the last argument"
			     : "");
	return E_SERVER;
}

/* The file system's advice, or ours, and what became of the import. */
static int not_kept(int code, struct err *err)
{
	_cleanup_free_ char *advice = str_dup(err->hint);

	err_set_hint(err, "%s. Nothing was imported.",
		     advice && *advice ? advice
				       : "name a folder that can be written as "
					 "badRecordDirectory, or allow no bad records");
	(void)err_prefix(err, "a bad record cannot be kept");
	return code;
}

static int write_bad(struct import *im, const struct bad_record *record, struct err *err)
{
	int code = import_bad_write(im->bad, record, err);

	if (code < 0)
		return not_kept(code, err);
	if (im->n_bad++ == 0) {
		err_set(&im->first_bad, E_INPUT, "%s %s (line %" PRIu64 " of %s)",
			record->flaw->state, record->flaw->text, record->line, im->progress.file);
		err_set_name(&im->first_bad, record->flaw->state);
	}
	im->progress.bad = im->n_bad;
	if (im->args->max_bad >= 0 && im->n_bad > (uint64_t)im->args->max_bad)
		return too_many(im, err);
	return 0;
}

/* A row's own fault, as opposed to a lock, a full disk or a table that is gone. */
static bool is_row_error(const struct err *e)
{
	return str_starts(e->name, "22") || str_starts(e->name, "23") || str_starts(e->name, "38");
}

/* db_batch_error_fn: the server refused a row. */
static int refused(void *userdata, uint64_t row, const struct err *error)
{
	struct import *im = userdata;
	const struct pending *p;
	struct flaw flaw = {.column = 0};
	struct bad_record record = {.flaw = &flaw, .table_columns = im->n_columns};

	if (!is_row_error(error) || row < im->first_pending ||
	    row - im->first_pending >= im->n_pending) {
		im->failure = *error;
		return error->code;
	}
	p = &im->pending[row - im->first_pending];
	(void)snprintf(flaw.state, sizeof(flaw.state), "%.5s", error->name);
	(void)snprintf(flaw.text, sizeof(flaw.text), "%.*s", FLAW_TEXT_MAX - 1, error->text);
	record.file_columns = p->n_fields;
	record.raw = (const char *)im->texts.data + p->at;
	record.raw_n = p->n;
	record.line = p->line;
	return write_bad(im, &record, &im->failure);
}

/* --- rows ---------------------------------------------------------------- */

/* The callback's own error is what happened; the batch only passes its code on. */
static int batch_error(const struct import *im, int code, struct err *err)
{
	if (code < 0 && im->failure.code != 0)
		*err = im->failure;
	return code;
}

static int flush(struct import *im, struct err *err)
{
	int code = db_batch_flush(im->batch, im->hooks->cancel, &im->result.rows, err);

	im->first_pending += im->n_pending;
	im->n_pending = 0;
	buf_clear(&im->texts);
	return batch_error(im, code, err);
}

static int keep_pending(struct import *im, const struct csv_record *record, struct err *err)
{
	im->pending[im->n_pending++] =
		(struct pending){im->texts.len, record->raw_n, record->n_fields, record->line};
	buf_put(&im->texts, record->raw, record->raw_n);
	return buf_check(&im->texts, "rows on their way", err);
}

static int bad_record(struct import *im, const struct csv_record *record, const struct flaw *flaw,
		      struct err *err)
{
	struct bad_record bad = {.flaw = flaw,
				 .table_columns = im->n_columns,
				 .file_columns = record->n_fields,
				 .raw = record->raw,
				 .raw_n = record->raw_n,
				 .line = record->line};

	if (flaw->column > 0 && flaw->column <= record->n_fields)
		bad.value = &record->fields[flaw->column - 1];
	return write_bad(im, &bad, err);
}

static int take_record(struct import *im, const struct csv_record *record, struct err *err)
{
	const struct value *values;
	struct flaw flaw;
	int code;

	if (!convert_record(im->convert, record, &values, &flaw))
		return bad_record(im, record, &flaw, err);
	/* First, so that the row is known when the batch tells of it at once. */
	code = keep_pending(im, record, err);
	if (code == 0)
		code = batch_error(im, db_batch_add(im->batch, values, im->hooks->cancel, err),
				   err);
	if (code == 0 && (im->n_pending == PENDING_ROWS || im->texts.len > PENDING_BYTES))
		code = flush(im, err);
	return code;
}

static int look_around(struct import *im, const struct import_source *source, struct err *err)
{
	im->progress.bytes_done = im->bytes_before + import_source_done(source);
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
		int code = take_record(im, record, err);

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
		code = flush(im, err);
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

/* --- the whole ------------------------------------------------------------ */

static int prepare(struct import *im, struct err *err)
{
	const struct convert_options formats = {im->args->timestamp_format, im->args->date_format,
						im->args->time_format};
	_cleanup_buf_ struct buf sql;
	int code;

	buf_init(&sql, LIMIT_SQL_TEXT);
	code = read_columns(im, err);
	if (code == 0)
		code = convert_new(im->columns, im->n_columns, &formats, &im->convert, err);
	if (code == 0)
		code = import_bad_new(im->files, im->args->bad_dir, &im->call, &im->bad, err);
	if (code == 0)
		code = put_insert(im, &sql, err);
	if (code == 0)
		code = db_batch_new(im->db, (char *)sql.data, sql.len, im->hooks->cancel, refused,
				    im, &im->batch, err);
	return code;
}

static int empty_table(struct import *im, struct err *err)
{
	_cleanup_free_ char *sql = str_fmt("delete from %s", im->target);

	return sql ? unit_run(im->db, sql, im->hooks->cancel, err) : err_nomem(err);
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
	int code = set_target(im, err);

	if (code == 0)
		code = unit_begin(&unit, im->db, im->hooks->cancel, err);
	if (code < 0)
		return code;
	code = transfer(im, err);
	db_batch_free(TAKE(im->batch));
	if (code == 0)
		code = unit_keep(&unit, err);
	if (code < 0) {
		unit_undo(&unit, err);
		return name_cancel(im, code, err);
	}
	im->result.bytes = im->bytes_before;
	im->result.failed = im->n_bad;
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
	int code;

	buf_init(&im.texts, PENDING_BYTES + 2 * LIMIT_IMPORT_RECORD);
	im.pending = calloc(PENDING_ROWS, sizeof(*im.pending));
	if (!im.pending)
		return err_nomem(err);
	code = import(&im, err);
	if (code == 0) {
		*ret = im.result;
		im.result = (struct import_result){0};
	}
	return code;
}
