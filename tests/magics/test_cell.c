/* magics/cell.c and magics/magic.c, with a table of our own in place of magics/table.c */
#include "magics/cell.h"

#include "tests/harness.h"

static const struct magic_option sql_options[] = {
	{"chart", 'c', "pie|bar|none", "chart"},
	{"rows", 0, "N", "rows"},
	{"all", 0, NULL, "all"},
	{NULL, 0, NULL, NULL},
};
static const struct magic sql = {.name = "splicemachine",
				 .summary = "SQL",
				 .usage = "%splicemachine select 1",
				 .options = sql_options,
				 .inline_body = true};
static const struct magic_option track_options[] = {{"user", 'u', "NAME", "who"},
						    {NULL, 0, NULL, NULL}};
static const struct magic track = {.name = "mlmanager",
				   .summary = "tracking",
				   .usage = "%mlmanager run",
				   .options = track_options,
				   .takes_words = true};
static const struct magic plain = {.name = "plain", .summary = "p", .usage = "%plain"};

const struct magic *const magics_all[] = {&sql, &track, &plain, NULL};

#define PARSE(text)                                                                                \
	struct cell c = {0};                                                                       \
	struct err err = ERR_INIT;                                                                 \
	REQUIRE_OK(cell_parse((text), /*after_sql=*/false, &c, &err), &err)

TEST(one_or_two_percent_signs)
{
	PARSE("\n  %%splicemachine -c pie --rows 5\nselect 1;\n");
	CHECK_INT(c.kind, CELL_MAGIC);
	CHECK(c.call.magic == &sql);
	CHECK_STR(c.call.body, "select 1;\n");
	CHECK_INT(c.call.body_line, 3);
	CHECK_STR(magic_arg_value(&c.call, "chart"), "pie");
	CHECK_STR(magic_arg_value(&c.call, "rows"), "5");
	CHECK(!magic_arg_given(&c.call, "all"));
	cell_release(&c);
}

TEST(inline_text_is_body)
{
	PARSE("%splicemachine --all select 'a --x' -- c\nfrom t");
	CHECK_STR(c.call.body, "select 'a --x' -- c\nfrom t");
	CHECK_INT(c.call.body_line, 1);
	CHECK(magic_arg_given(&c.call, "all"));
	cell_release(&c);
}

TEST(words_and_quotes)
{
	PARSE("%mlmanager run \"two words\" -u 'A B' x");
	CHECK_INT(c.call.n_words, 3);
	CHECK_STR(c.call.words[1], "two words");
	CHECK_STR(c.call.words[2], "x");
	CHECK_STR(magic_arg_value(&c.call, "user"), "A B");
	cell_release(&c);
}

TEST(usage_errors_say_what)
{
	static const struct {
		const char *code, *text;
	} cases[] = {
		{"%splicemachine --nope", "%splicemachine: there is no option --nope"},
		{"%splicemachine --chart", "%splicemachine: --chart wants a value (pie|bar|none)"},
		{"%splicemachine --chart pi",
		 "%splicemachine: --chart is one of pie|bar|none, not pi"},
		{"%plain x", "%plain: \"x\" is not expected here"},
		{"%mlmanager \"x", "the quote \" has no end on the magic line"},
		{"%splicemachin\nselect 1", "there is no magic %splicemachin"},
	};
	struct err err = ERR_INIT;
	struct cell c = {0};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(cell_parse(cases[i].code, false, &c, &err), E_USAGE);
		CHECK_STR(err.text, cases[i].text);
		CHECK(c.text == NULL);
	}
	CHECK_STR(err.hint, "did you mean %splicemachine?");
}

TEST(everything_else_is_python_or_sql)
{
	static const struct {
		const char *code;
		enum cell_kind kind;
	} cases[] = {
		{"", CELL_EMPTY},
		{" \n\t\n", CELL_EMPTY},
		{"x = 1", CELL_PYTHON},
		{"%matplotlib inline", CELL_PYTHON},
		{"%%time\nx", CELL_PYTHON},
		{"%", CELL_PYTHON},
		{"select * from t", CELL_MAGIC},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		PARSE(cases[i].code);
		CHECK_INT(c.kind, cases[i].kind);
		cell_release(&c);
	}
}

TEST(help_follows_from_the_table)
{
	char *help = magic_help(&sql);

	CHECK_GOLDEN("magics/help.txt", help);
	free(help);
	PARSE("%splicemachine --help");
	CHECK(c.help);
	cell_release(&c);
}

TEST_MAIN()
