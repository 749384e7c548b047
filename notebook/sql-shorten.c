/* Long comments and constants. */
#include "notebook/sql-shorten.h"

#include "base/limits.h"
#include "base/str.h"
#include "notebook/sql-lex.h"

/* Bytes of a comment that cost no time to speak of. */
enum { LONG_COMMENT = 4096 };

static int too_long(const struct sql_token *t, struct err *err)
{
	int r = err_set(err, E_INPUT, "a constant or name of %zu bytes is too long", t->n);

	err_set_name(err, "54002");
	err_set_hint(err, "servers take about 32,000 characters in quotes; longer text is "
			  "imported from a file (SYSCS_UTIL.IMPORT_DATA)");
	return r;
}

static void blank(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != '\n')
			p[i] = ' ';
}

int sql_shorten(const char *sql, size_t n, char **ret, struct err *err)
{
	_cleanup_free_ char *plain = NULL;
	struct sql_lexer l = sql_lexer_make(sql, n);
	struct sql_token t;

	while ((t = sql_next(&l)).kind != SQL_END) {
		if (t.kind == SQL_COMMENT && t.n > LONG_COMMENT) {
			if (!plain && !(plain = str_ndup(sql, n)))
				return err_nomem(err);
			blank(plain + (t.p - sql), t.n);
		} else if (t.kind != SQL_COMMENT && t.kind != SQL_SPACE && t.n > LIMIT_SQL_TOKEN) {
			return too_long(&t, err);
		}
	}
	if (plain)
		*ret = TAKE(plain);
	return 0;
}
