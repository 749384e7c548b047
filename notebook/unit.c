/* A transaction or a savepoint, as the connection's state wants. */
#include "notebook/unit.h"

#include <string.h>

int unit_run(struct db *db, const char *sql, struct cancel *cancel, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;

	return db_execute(db, sql, strlen(sql), NULL, 0, cancel, &r, err);
}

int unit_begin(struct unit *u, struct db *db, struct cancel *cancel, struct err *err)
{
	*u = (struct unit){db, db_autocommit(db)};
	if (u->own)
		return db_set_autocommit(db, false, err);
	return unit_run(db, "savepoint splice_unit on rollback retain cursors", cancel, err);
}

int unit_keep(struct unit *u, struct err *err)
{
	int r;

	/* Not to be interrupted: half a commit is neither kept nor taken back. */
	if (!u->own)
		return unit_run(u->db, "release savepoint splice_unit", /* cancel= */ NULL, err);
	r = db_commit(u->db, /* cancel= */ NULL, err);
	return r < 0 ? r : db_set_autocommit(u->db, true, err);
}

void unit_undo(struct unit *u, struct err *err)
{
	struct err late = ERR_INIT;
	int r;

	if (!db_usable(u->db))
		return; /* the server rolls back what a lost connection leaves */
	if (u->own) {
		r = db_rollback(u->db, /* cancel= */ NULL, &late);
		if (r == 0)
			r = db_set_autocommit(u->db, true, &late);
	} else {
		r = unit_run(u->db, "rollback to savepoint splice_unit", /* cancel= */ NULL, &late);
		/* It is still there; Derby has room for one. */
		if (r == 0)
			r = unit_run(u->db, "release savepoint splice_unit", /* cancel= */ NULL,
				     &late);
	}
	if (r < 0)
		err_set_hint(err, "Run rollback: taking this back failed (%.200s).", late.text);
}
