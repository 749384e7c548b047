/* A batch, and the texts of the rows that the server has not answered for. */
#include "notebook/import-rows.h"

#include "base/buf.h"
#include "base/limits.h"
#include "notebook/convert.h"

#include <inttypes.h>
#include <string.h>

/* Rows that are kept until the server has answered for them; by then a few chains went out. */
enum { PENDING_ROWS = 16384, PENDING_BYTES = 16 << 20 };
/* SQLSTATE of bytes that are none of the charset. */
static const char not_in_charset[] = "22021";

/* A row on its way, for the bad-record file in case the server refuses it. */
struct pending {
	size_t at; /* its text in `texts` */
	size_t n;
	size_t n_fields;
	uint64_t line;
};

struct import_rows {
	const struct import_args *args;
	const struct import_table *table;
	struct import_bad *bad;
	struct cancel *cancel;
	struct convert *convert;
	struct db_batch *batch;
	struct pending *pending; /* owned, PENDING_ROWS */
	size_t n_pending;
	uint64_t first_pending; /* the batch's number of pending[0] */
	struct buf texts;
	const char *url; /* of the file that is read */
	uint64_t n_good;
	uint64_t n_bad;
	struct err first_bad; /* the first bad record's reason, for the error text */
	struct err failure;   /* what went wrong within the batch's callback */
};

static int too_many(struct import_rows *r, struct err *err)
{
	err_set(err, E_SERVER,
		"Too many bad records in %s: %" PRIu64 ", and maxBadRecords is %" PRId64
		". Nothing was imported; the bad records are in %s",
		r->url, r->n_bad, r->args->max_bad, import_bad_place(r->bad));
	err_set_name(err, "SE009");
	err_set_hint(err, "The first one: %.300s%s", r->first_bad.text,
		     str_eq(r->first_bad.name, not_in_charset) && !r->args->charset
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

static int write_bad(struct import_rows *r, const struct bad_record *record, struct err *err)
{
	int code = import_bad_write(r->bad, record, err);

	if (code < 0)
		return not_kept(code, err);
	if (r->n_bad++ == 0) {
		err_set(&r->first_bad, E_INPUT, "%s %s (line %" PRIu64 " of %s)",
			record->flaw->state, record->flaw->text, record->line, r->url);
		err_set_name(&r->first_bad, record->flaw->state);
	}
	if (r->args->max_bad >= 0 && r->n_bad > (uint64_t)r->args->max_bad)
		return too_many(r, err);
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
	struct import_rows *r = userdata;
	const struct pending *p;
	struct flaw flaw = {.column = 0};
	struct bad_record record = {.flaw = &flaw, .table_columns = r->table->n};

	if (!is_row_error(error) || row < r->first_pending ||
	    row - r->first_pending >= r->n_pending) {
		r->failure = *error;
		return error->code;
	}
	p = &r->pending[row - r->first_pending];
	(void)snprintf(flaw.state, sizeof(flaw.state), "%.5s", error->name);
	(void)snprintf(flaw.text, sizeof(flaw.text), "%.*s", FLAW_TEXT_MAX - 1, error->text);
	record.file_columns = p->n_fields;
	record.raw = (const char *)r->texts.data + p->at;
	record.raw_n = p->n;
	record.line = p->line;
	return write_bad(r, &record, &r->failure);
}

static int begin_batch(struct import_rows *r, struct db *db, struct err *err)
{
	_cleanup_free_ char *sql = NULL;
	int code = import_table_insert(r->table, &sql, err);

	return code < 0 ? code
			: db_batch_new(db, sql, strlen(sql), r->cancel, refused, r, &r->batch, err);
}

int import_rows_new(struct db *db, const struct import_args *args, const struct import_table *table,
		    struct import_bad *bad, struct cancel *cancel, struct import_rows **ret,
		    struct err *err)
{
	const struct convert_options formats = {args->timestamp_format, args->date_format,
						args->time_format};
	_cleanup_(import_rows_freep) struct import_rows *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return err_nomem(err);
	r->args = args;
	r->table = table;
	r->bad = bad;
	r->cancel = cancel;
	r->url = args->file;
	buf_init(&r->texts, PENDING_BYTES + 2 * LIMIT_IMPORT_RECORD);
	r->pending = calloc(PENDING_ROWS, sizeof(*r->pending));
	if (!r->pending)
		return err_nomem(err);
	code = convert_new(table->columns, table->n, &formats, &r->convert, err);
	if (code == 0)
		code = begin_batch(r, db, err);
	if (code == 0)
		*ret = TAKE(r);
	return code;
}

void import_rows_free(struct import_rows *r)
{
	if (!r)
		return;
	db_batch_free(r->batch);
	convert_free(r->convert);
	free(r->pending);
	buf_release(&r->texts);
	free(r);
}

/* The callback's own error is what happened; the batch only passes its code on. */
static int batch_error(const struct import_rows *r, int code, struct err *err)
{
	if (code < 0 && r->failure.code != 0)
		*err = r->failure;
	return code;
}

int import_rows_flush(struct import_rows *r, struct err *err)
{
	int code = db_batch_flush(r->batch, r->cancel, &r->n_good, err);

	r->first_pending += r->n_pending;
	r->n_pending = 0;
	buf_clear(&r->texts);
	return batch_error(r, code, err);
}

static int keep_pending(struct import_rows *r, const struct csv_record *record, struct err *err)
{
	r->pending[r->n_pending++] =
		(struct pending){r->texts.len, record->raw_n, record->n_fields, record->line};
	buf_put(&r->texts, record->raw, record->raw_n);
	return buf_check(&r->texts, "rows on their way", err);
}

static int bad_record(struct import_rows *r, const struct csv_record *record,
		      const struct flaw *flaw, struct err *err)
{
	struct bad_record bad = {.flaw = flaw,
				 .table_columns = r->table->n,
				 .file_columns = record->n_fields,
				 .raw = record->raw,
				 .raw_n = record->raw_n,
				 .line = record->line};

	if (flaw->column > 0 && flaw->column <= record->n_fields)
		bad.value = &record->fields[flaw->column - 1];
	return write_bad(r, &bad, err);
}

int import_rows_add(struct import_rows *r, const char *url, const struct csv_record *record,
		    struct err *err)
{
	const struct value *values;
	struct flaw flaw;
	int code;

	r->url = url;
	if (!convert_record(r->convert, record, &values, &flaw))
		return bad_record(r, record, &flaw, err);
	/* First, so that the row is known when the batch tells of it at once. */
	code = keep_pending(r, record, err);
	if (code == 0)
		code = batch_error(r, db_batch_add(r->batch, values, r->cancel, err), err);
	if (code == 0 && (r->n_pending == PENDING_ROWS || r->texts.len > PENDING_BYTES))
		code = import_rows_flush(r, err);
	return code;
}

uint64_t import_rows_good(const struct import_rows *r)
{
	return r->n_good;
}

uint64_t import_rows_bad(const struct import_rows *r)
{
	return r->n_bad;
}
