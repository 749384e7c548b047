/*
 * One statement of a cell: adapted to the server, run, and shown.
 */
#ifndef MAGICS_SPLICEMACHINE_RUN_H
#define MAGICS_SPLICEMACHINE_RUN_H

#include "display/table.h"
#include "magics/magic.h"
#include "notebook/session.h"
#include "notebook/sql-adapt.h"
#include "notebook/sql-split.h"

/* A cell being run. */
struct sql_run {
	struct magic_call *call;
	struct db *db;
	size_t keep; /* rows shown of a result */
	enum chart_kind chart;
	size_t n_statements;
	size_t index;    /* of the statement, from 0 */
	int64_t started; /* of the statement, clock_ms */
};

/* The error says which statement it was and, where the server knows, the place in the cell. */
int sql_run_statement(struct sql_run *run, const struct sql_statement *st,
		      struct err *err) _must_check_;

#endif
