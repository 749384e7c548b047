/* Columns of a table from an empty query, and statements with quoted names. */
#include "notebook/import-table.h"

#include "base/buf.h"
#include "base/limits.h"
#include "notebook/sql-lex.h"

static int set_target(struct import_table *t, const struct import_args *args, struct err *err)
{
	_cleanup_free_ char *schema = NULL;
	_cleanup_free_ char *table = sql_quote_name(args->table);

	if (args->schema)
		schema = sql_quote_name(args->schema);
	if (!table || (args->schema && !schema))
		return err_nomem(err);
	t->target = schema ? str_fmt("%s.%s", schema, table) : TAKE(table);
	return t->target ? 0 : err_nomem(err);
}

static int copy_column(struct column *dst, const struct column *src, struct err *err)
{
	*dst = *src;
	dst->schema = dst->table = NULL;
	dst->name = str_dup(src->name ? src->name : "");
	dst->type_name = str_dup(src->type_name ? src->type_name : value_type_name(src->type));
	return dst->name && dst->type_name ? 0 : err_nomem(err);
}

static int take_columns(struct import_table *t, const struct db_result *r, struct err *err)
{
	const struct column *columns;
	size_t n = db_result_columns(r, &columns);
	int code = 0;

	t->columns = calloc(n ? n : 1, sizeof(*t->columns));
	if (!t->columns)
		return err_nomem(err);
	for (t->n = 0; code == 0 && t->n < n; t->n++)
		code = copy_column(&t->columns[t->n], &columns[t->n], err);
	return code;
}

/* A quoted name, behind a comma unless it is the first. */
static void put_name(struct buf *b, const char *name, bool first)
{
	_cleanup_free_ char *quoted = sql_quote_name(name);

	if (!quoted)
		b->failed = E_NOMEM;
	else
		buf_printf(b, "%s%s", first ? "" : ", ", quoted);
}

/* An empty result of the columns that are filled tells their names and types. */
static int read_columns(struct import_table *t, struct db *db, const struct strv *names,
			struct cancel *cancel, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	_cleanup_buf_ struct buf sql;
	int code;

	buf_init(&sql, LIMIT_SQL_TEXT);
	buf_put_str(&sql, names->len ? "select " : "select *");
	for (size_t i = 0; i < names->len; i++)
		put_name(&sql, names->items[i], i == 0);
	buf_printf(&sql, " from %s where 1 = 0", t->target);
	code = buf_check(&sql, "the list of columns", err);
	if (code == 0)
		code = db_execute(db, (char *)sql.data, sql.len, NULL, 0, cancel, &r, err);
	return code < 0 ? code : take_columns(t, r, err);
}

int import_table_read(struct db *db, const struct import_args *args, struct cancel *cancel,
		      struct import_table *ret, struct err *err)
{
	struct import_table t = {0};
	int code = set_target(&t, args, err);

	if (code == 0)
		code = read_columns(&t, db, &args->columns, cancel, err);
	if (code < 0) {
		import_table_release(&t);
		return code;
	}
	*ret = t;
	return 0;
}

void import_table_release(struct import_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->columns[i].name);
		free(t->columns[i].type_name);
	}
	free(t->columns);
	free(t->target);
	*t = (struct import_table){0};
}

int import_table_insert(const struct import_table *t, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf sql;
	int code;

	buf_init(&sql, LIMIT_SQL_TEXT);
	buf_printf(&sql, "insert into %s (", t->target);
	for (size_t i = 0; i < t->n; i++)
		put_name(&sql, t->columns[i].name, i == 0);
	buf_put_str(&sql, ") values (");
	for (size_t i = 0; i < t->n; i++)
		buf_put_str(&sql, i ? ", ?" : "?");
	buf_put_str(&sql, ")");
	code = buf_check(&sql, "the insert statement", err);
	if (code < 0)
		return code;
	*ret = buf_take_str(&sql);
	return *ret ? 0 : err_nomem(err);
}

int import_table_delete(const struct import_table *t, char **ret, struct err *err)
{
	*ret = str_fmt("delete from %s", t->target);
	return *ret ? 0 : err_nomem(err);
}
