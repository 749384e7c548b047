/* Cells and statements, as the JSON that they are handed out as. */
#include "notebook/kept.h"

#include "base/limits.h"
#include "base/str.h"
#include "notebook/secrets.h"
#include "notebook/sql-tables.h"
#include "tracking/tracking.h"

#include <pthread.h>
#include <string.h>

/* Entries are never changed once they are in a list: who is handed them may read without the lock.
 */
struct list {
	json_t *entries;
	size_t bytes; /* of their texts */
	json_int_t forgotten;
};

/* A cell that runs. */
struct open_cell {
	uint64_t number;
	json_t *entry; /* owned */
	struct open_cell *next;
};

struct kept {
	struct tracking *tracking;
	pthread_mutex_t lock; /* covers what is below */
	uint64_t numbers;
	struct list cells, statements;
	struct open_cell *open; /* in the order they began */
};

static const char *const from_names[] = {[KEPT_CELL] = "cell", [KEPT_FRAME] = "df"};

int kept_new(struct tracking *tracking, struct kept **ret, struct err *err)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k)
		return err_nomem(err);
	k->tracking = tracking;
	pthread_mutex_init(&k->lock, NULL);
	k->cells.entries = json_array();
	k->statements.entries = json_array();
	if (!k->cells.entries || !k->statements.entries) {
		kept_free(k);
		return err_nomem(err);
	}
	*ret = k;
	return 0;
}

static void open_free(struct open_cell *o)
{
	json_decref(o->entry);
	free(o);
}

void kept_free(struct kept *k)
{
	if (!k)
		return;
	while (k->open) {
		struct open_cell *o = k->open;

		k->open = o->next;
		open_free(o);
	}
	json_decref(k->cells.entries);
	json_decref(k->statements.entries);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

/* --- lists ------------------------------------------------------------------------------- */

/* Each entry has one long text. */
static size_t text_size(const json_t *entry)
{
	const json_t *text = json_object_get(entry, "source");

	return json_string_length(text ? text : json_object_get(entry, "sql"));
}

static void forget_oldest(struct list *l)
{
	l->bytes -= text_size(json_array_get(l->entries, 0));
	(void)json_array_remove(l->entries, 0);
	l->forgotten++;
}

/* Steals the entry; NULL is one that there was no memory for. */
static void add(struct list *l, json_t *entry)
{
	size_t n = entry ? text_size(entry) : 0;

	if (!entry || n > LIMIT_KEPT) {
		json_decref(entry);
		l->forgotten++;
		return;
	}
	while (json_array_size(l->entries) >= LIMIT_KEPT_ENTRIES || l->bytes + n > LIMIT_KEPT)
		forget_oldest(l);
	if (json_array_append_new(l->entries, entry) < 0)
		l->forgotten++;
	else
		l->bytes += n;
}

/* The active run's id; JSON null without one.  New. */
static json_t *active_run(struct kept *k)
{
	json_auto_t *state = tracking_state_json(k->tracking);
	json_t *id = json_object_get(json_object_get(state, "run"), "id");

	return id ? json_incref(id) : json_null();
}

/* --- cells ------------------------------------------------------------------------------- */

static json_t *cell_entry(struct kept *k, int execution_count, const char *magic,
			  const char *source)
{
	_cleanup_free_ char *text = NULL;
	struct err ignored = ERR_INIT;
	bool hidden;

	if (secrets_hide(source, strlen(source), &text, &hidden, &ignored) < 0)
		return NULL;
	return json_pack("{si so so sb so}", "execution_count", execution_count, "magic",
			 json_strz(magic), "source", json_strz(text), "hidden", hidden, "run_id",
			 active_run(k));
}

uint64_t kept_begin(struct kept *k, int execution_count, const char *magic, const char *source)
{
	struct open_cell *o = k ? calloc(1, sizeof(*o)) : NULL;
	struct open_cell **at;
	uint64_t number;

	if (!k)
		return 0;
	if (o)
		o->entry = cell_entry(k, execution_count, magic, source);
	pthread_mutex_lock(&k->lock);
	number = ++k->numbers;
	if (o) {
		o->number = number;
		for (at = &k->open; *at; at = &(*at)->next)
			;
		*at = o;
	}
	pthread_mutex_unlock(&k->lock);
	return number;
}

/* A cell that starts a run belongs to it; one that ends a run, too. */
static json_t *with_run(json_t *entry, json_t *run)
{
	json_t *copy = json_is_null(run) ? json_incref(entry) : json_copy(entry);

	if (copy && copy != entry)
		(void)json_object_set(copy, "run_id", run);
	return copy;
}

static struct open_cell *take_open(struct kept *k, uint64_t number)
{
	for (struct open_cell **at = &k->open; *at; at = &(*at)->next)
		if ((*at)->number == number) {
			struct open_cell *o = *at;

			*at = o->next;
			return o;
		}
	return NULL;
}

void kept_end(struct kept *k, uint64_t number, bool ok)
{
	json_auto_t *run = k && number ? active_run(k) : NULL;
	struct open_cell *o;

	if (!run)
		return;
	pthread_mutex_lock(&k->lock);
	o = take_open(k, number);
	if (o && ok)
		add(&k->cells, o->entry ? with_run(o->entry, run) : NULL);
	pthread_mutex_unlock(&k->lock);
	if (o)
		open_free(o);
}

/* --- statements -------------------------------------------------------------------------- */

static json_t *names_json(const struct strv *names)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < names->len; i++)
		(void)json_array_append_new(list, json_strz(names->items[i]));
	return list;
}

void kept_statement(struct kept *k, enum kept_from from, const char *sql, size_t n)
{
	_cleanup_strv_ struct strv tables = {0};
	_cleanup_free_ char *text = NULL;
	struct err ignored = ERR_INIT;
	json_t *entry = NULL;
	bool hidden;
	int r = k ? sql_tables(sql, n, &tables, &ignored) : 0;

	if (!k || (r == 0 && from == KEPT_CELL && !tables.len))
		return;
	if (r == 0)
		r = secrets_hide(sql, n, &text, &hidden, &ignored);
	if (r == 0)
		entry = json_pack("{so ss so sb so}", "sql", json_strz(text), "from",
				  from_names[from], "tables", names_json(&tables), "hidden", hidden,
				  "run_id", active_run(k));
	pthread_mutex_lock(&k->lock);
	add(&k->statements, entry);
	pthread_mutex_unlock(&k->lock);
}

/* --- out --------------------------------------------------------------------------------- */

/* The list as it is now, with its entries shared. */
static json_t *cells_now(struct kept *k, json_t *run)
{
	json_t *list = json_copy(k->cells.entries);

	for (struct open_cell *o = k->open; list && o; o = o->next)
		if (o->entry)
			(void)json_array_append_new(list, with_run(o->entry, run));
	return list;
}

int kept_json(struct kept *k, json_t **ret, struct err *err)
{
	json_auto_t *run = active_run(k);

	pthread_mutex_lock(&k->lock);
	*ret = json_pack("{so so s{sI sI}}", "cells", cells_now(k, run), "statements",
			 json_copy(k->statements.entries), "forgotten", "cells", k->cells.forgotten,
			 "statements", k->statements.forgotten);
	pthread_mutex_unlock(&k->lock);
	return *ret ? 0 : err_nomem(err);
}
