#include "notebook/kept.h"

#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/fake_mlflow.h"
#include "tracking/tracking.h"

#include <stdio.h>

struct fixture {
	struct fake_mlflow *server;
	struct tracking *tracking;
	struct kept *kept;
	struct err err;
};

static bool set_up(struct fixture *x)
{
	*x = (struct fixture){.err = ERR_INIT, .server = fake_mlflow_start()};
	return setenv("XDG_STATE_HOME", test_dir(), 1) == 0 &&
	       setenv("MLFLOW_TRACKING_URI", fake_mlflow_url(x->server), 1) == 0 &&
	       tracking_new(&(struct tracking_options){0}, &x->tracking, &x->err) == 0 &&
	       kept_new(x->tracking, &x->kept, &x->err) == 0;
}

static void tear_down(struct fixture *x)
{
	kept_free(x->kept);
	tracking_free(x->tracking);
	fake_mlflow_stop(x->server);
}

/* A tracking operation, as a cell calls it; its result's run, or "". */
static void track(struct fixture *x, const char *op, const char *args, char ret_run[64])
{
	json_auto_t *j = json_loads(args, 0, NULL);
	json_auto_t *result = NULL;

	CHECK_OK(tracking_call(x->tracking, op, j, /* cancel= */ NULL, &result, &x->err), &x->err);
	snprintf(ret_run, 64, "%s", json_get_str(json_object_get(result, "run"), "id", ""));
}

static json_t *all(struct fixture *x)
{
	json_t *j = NULL;

	return kept_json(x->kept, &j, &x->err) < 0 ? NULL : j;
}

static const char *cell(const json_t *j, size_t i, const char *key)
{
	return json_get_str(json_array_get(json_object_get(j, "cells"), i), key, "");
}

TEST(cells_that_did_not_fail)
{
	struct fixture x;
	json_auto_t *j = NULL;
	uint64_t good, bad, open;

	REQUIRE(set_up(&x));
	good = kept_begin(x.kept, 1, NULL, "df = splice.df('select 1')");
	kept_end(x.kept, good, true);
	bad = kept_begin(x.kept, 2, "splicemachine", "selct 1");
	kept_end(x.kept, bad, false);
	open = kept_begin(x.kept, 3, "spark.pyspark", "%spark.pyspark\npassword = 'x'");
	CHECK(good != 0 && bad != good && open != bad);
	j = all(&x);
	REQUIRE(j);
	CHECK_INT(json_array_size(json_object_get(j, "cells")), 2);
	CHECK_STR(cell(j, 0, "source"), "df = splice.df('select 1')");
	CHECK_STR(cell(j, 0, "magic"), "");
	CHECK_STR(cell(j, 1, "source"), "%spark.pyspark\npassword = '***'");
	CHECK_STR(cell(j, 1, "magic"), "spark.pyspark");
	CHECK_INT(json_get_int(json_array_get(json_object_get(j, "cells"), 1), "execution_count",
			       0),
		  3);
	CHECK(json_get_bool(json_array_get(json_object_get(j, "cells"), 1), "hidden", false));
	tear_down(&x);
}

static void whole_cell(struct fixture *x, const char *source)
{
	kept_end(x->kept, kept_begin(x->kept, 1, NULL, source), true);
}

TEST(runs_of_cells)
{
	struct fixture x;
	json_auto_t *j = NULL;
	char first[64], second[64], ignored[64];
	uint64_t starts, ends;

	REQUIRE(set_up(&x));
	track(&x, "create_experiment", "{\"name\": \"e\"}", ignored);
	whole_cell(&x, "before any run");
	starts = kept_begin(x.kept, 1, NULL, "starts one");
	track(&x, "create_run", "{\"user\": \"Ben\"}", first);
	kept_end(x.kept, starts, true);
	whole_cell(&x, "within");
	starts = kept_begin(x.kept, 1, NULL, "starts the next");
	track(&x, "create_run", "{\"user\": \"Amy\"}", second);
	kept_end(x.kept, starts, true);
	ends = kept_begin(x.kept, 1, NULL, "ends it");
	track(&x, "end_run", "{}", ignored);
	kept_end(x.kept, ends, true);
	whole_cell(&x, "behind");
	j = all(&x);
	CHECK_STR(cell(j, 0, "run_id"), "");
	CHECK_STR(cell(j, 1, "run_id"), first);
	CHECK_STR(cell(j, 2, "run_id"), first);
	CHECK_STR(cell(j, 3, "run_id"), second);
	CHECK_STR(cell(j, 4, "run_id"), second);
	CHECK_STR(cell(j, 5, "run_id"), "");
	CHECK(*first && *second && !str_eq(first, second));
	tear_down(&x);
}

TEST(statements_that_read)
{
	static const char read[] = "select * from cc.a join b on 1=1",
			  made[] = "create table t (i int)";
	static const char frame[] = "values 1";
	struct fixture x;
	json_auto_t *j = NULL;
	_cleanup_free_ char *text = NULL;

	REQUIRE(set_up(&x));
	kept_statement(x.kept, KEPT_CELL, read, strlen(read));
	kept_statement(x.kept, KEPT_CELL, made, strlen(made));
	kept_statement(x.kept, KEPT_FRAME, frame, strlen(frame));
	j = all(&x);
	text = json_text(json_object_get(j, "statements"));
	CHECK_STR(text,
		  "[{\"from\":\"cell\",\"hidden\":false,\"run_id\":null,\"sql\":\"select * from "
		  "cc.a join b on 1=1\",\"tables\":[\"cc.a\",\"b\"]},{\"from\":\"df\",\"hidden\":"
		  "false,\"run_id\":null,\"sql\":\"values 1\",\"tables\":[]}]");
	tear_down(&x);
}

TEST(the_oldest_go)
{
	struct fixture x;
	json_auto_t *j = NULL;
	char source[32];

	REQUIRE(set_up(&x));
	for (unsigned i = 0; i < LIMIT_KEPT_ENTRIES + 3; i++) {
		snprintf(source, sizeof(source), "x = %u", i);
		kept_end(x.kept, kept_begin(x.kept, 1, NULL, source), true);
	}
	j = all(&x);
	CHECK_INT(json_array_size(json_object_get(j, "cells")), LIMIT_KEPT_ENTRIES);
	CHECK_STR(cell(j, 0, "source"), "x = 3");
	CHECK_INT(json_get_int(json_object_get(j, "forgotten"), "cells", 0), 3);
	tear_down(&x);
}

TEST(large_ones_push_out_others)
{
	struct fixture x;
	json_auto_t *j = NULL;
	char *large = malloc(LIMIT_KEPT + 2);

	REQUIRE(large && set_up(&x));
	memset(large, 'x', LIMIT_KEPT + 1);
	large[LIMIT_KEPT + 1] = '\0';
	kept_end(x.kept, kept_begin(x.kept, 1, NULL, "y"), true);
	kept_end(x.kept, kept_begin(x.kept, 2, NULL, large), true); /* itself too large */
	large[LIMIT_KEPT] = '\0';
	kept_end(x.kept, kept_begin(x.kept, 3, NULL, large), true);
	j = all(&x);
	CHECK_INT(json_array_size(json_object_get(j, "cells")), 1);
	CHECK_INT(strlen(cell(j, 0, "source")), LIMIT_KEPT);
	CHECK_INT(json_get_int(json_object_get(j, "forgotten"), "cells", 0), 2);
	free(large);
	tear_down(&x);
}

TEST(no_record_keeps_nothing)
{
	CHECK_INT(kept_begin(NULL, 1, NULL, "x"), 0);
	kept_end(NULL, 1, true);
	kept_statement(NULL, KEPT_FRAME, "x", 1);
}

TEST_MAIN()
