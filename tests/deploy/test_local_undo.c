/* deploy/local-undo.c: what endpoint.json becomes when a step is taken back. */
#include "deploy/local-int.h"

#include "tests/harness.h"

static json_t *variant(const char *name, double weight)
{
	return json_pack("{s:s, s:f, s:s, s:s, s:s, s:I}", "name", name, "weight", weight, "model",
			 "models/x.json", "run_id", "r", "experiment_id", "1", "created",
			 (json_int_t)1);
}

/* "a=30 b=70"; none: JSON null. */
static json_t *serving(const char *text)
{
	json_t *list = json_array();
	char copy[100], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		char name[2] = {p[0], '\0'};

		(void)json_array_append_new(list, variant(name, strtod(p + 2, NULL)));
	}
	if (!json_array_size(list)) {
		json_decref(list);
		return json_null();
	}
	return json_pack("{s:s, s:i, s:o}", "app", "app", "port", 9000, "variants", list);
}

/* And back; "stays" for NULL. */
static void show(const json_t *j, char dst[100])
{
	json_t *v;
	size_t i, n = 0;

	dst[0] = '\0';
	if (!j)
		n = (size_t)snprintf(dst, 100, "stays");
	json_array_foreach (json_object_get(j, "variants"), i, v)
		n += (size_t)snprintf(dst + n, 100 - n, "%s%s=%g", i ? " " : "",
				      json_get_str(v, "name", ""),
				      json_number_value(json_object_get(v, "weight")));
}

TEST(what_others_changed_stays)
{
	static const struct {
		const char *before, *variant, *after; /* after NULL: not in the plan */
		const char *now, *want;
	} cases[] = {
		/* join */
		{"", "n", NULL, "", ""},
		{"", "n", NULL, "n=1", ""},
		{"a=1", "n", NULL, "a=1 n=0", "a=1"},
		{"a=1", "n", NULL, "a=1", "a=1"},
		{"a=1", "n", NULL, "a=1 n=0 b=0", "a=1 b=0"},
		{"a=1", "n", NULL, "n=0 b=0", "b=100"},
		{"a=1", "n", NULL, "b=1", "stays"},
		{"a=1", "n", NULL, "", "stays"},
		{"a=30 b=70", "n", NULL, "a=30 b=70 n=0", "a=30 b=70"},
		/* switch and shift */
		{"a=1 n=0", NULL, "n=1", "n=1", "a=1 n=0"},
		{"a=1 n=0", NULL, "n=1", "a=1 n=0", "a=1 n=0"},
		{"a=1 n=0", NULL, "n=1", "n=50 b=50", "stays"},
		{"a=90 b=10", NULL, "a=50 b=50", "a=20 b=80", "stays"},
		{"a=90 b=10", NULL, "a=50 b=50", "", "stays"},
		/* withdraw */
		{"a=1", NULL, NULL, "", "a=1"},
		{"a=1", NULL, NULL, "a=1", "a=1"},
		{"a=1", NULL, NULL, "b=1", "stays"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *now = serving(cases[i].now);
		json_auto_t *plan = json_pack("{s:o, s:s*}", "before", serving(cases[i].before),
					      "variant", cases[i].variant);
		json_auto_t *got = NULL;
		struct err err = ERR_INIT;
		char text[100];

		if (cases[i].after)
			(void)json_object_set_new(plan, "after", serving(cases[i].after));
		CHECK_OK(local_before(now, plan, &got, &err), &err);
		show(got, text);
		if (strcmp(text, cases[i].want) != 0)
			test_fail(__FILE__, __LINE__, "case %zu: \"%s\", not \"%s\"", i, text,
				  cases[i].want);
	}
}

TEST_MAIN()
