#include "notebook/import-args.h"

#include "tests/harness.h"

static void check_bad(const char *sql, const char *text)
{
	struct import_args a = {0};
	struct err err = ERR_INIT;

	CHECK_INT(import_args_parse(sql, strlen(sql), &a, &err), E_INPUT);
	CHECK_STR(err.text, text);
}

TEST(walkthrough)
{
	const char *sql =
		"call SYSCS_UTIL.IMPORT_DATA (\n     'cc_fraud',\n     'cc_fraud_data',\n"
		"     null,\n     's3a://splice-demo/kaggle-fraud-data/creditcard.csv',\n"
		"     ',',\n     null,\n     null,\n     null,\n     null,\n     100000,\n"
		"     's3a://splice-demo/kaggle-fraud-data/bad',\n     null,\n     null)";
	_cleanup_import_args_ struct import_args a = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(import_args_parse(sql, strlen(sql), &a, &err), &err);
	CHECK_STR(a.schema, "CC_FRAUD");
	CHECK_STR(a.table, "CC_FRAUD_DATA");
	CHECK_INT(a.columns.len, 0);
	CHECK_STR(a.file, "s3a://splice-demo/kaggle-fraud-data/creditcard.csv");
	CHECK_INT(a.delimiter, ',');
	CHECK_INT(a.quote, '"');
	CHECK_INT(a.max_bad, 100000);
	CHECK_STR(a.bad_dir, "s3a://splice-demo/kaggle-fraud-data/bad");
	CHECK(a.one_line);
	CHECK(!a.charset && !a.date_format && !a.time_format && !a.timestamp_format);
	CHECK(!a.replace);
}

TEST(all_given)
{
	const char *sql = "CALL syscs_util.load_replace('\"Mixed s\"', '\"t\"', ' a, \"b,c\" ,D', "
			  "'it''s.csv', '\\t', '', 'ts', 'd', 't', -1, '/bad', false, 'UTF-16')";
	_cleanup_import_args_ struct import_args a = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(import_args_parse(sql, strlen(sql), &a, &err), &err);
	CHECK_STR(a.schema, "Mixed s");
	CHECK_STR(a.table, "t");
	REQUIRE(a.columns.len == 3);
	CHECK_STR(a.columns.items[0], "A");
	CHECK_STR(a.columns.items[1], "b,c");
	CHECK_STR(a.columns.items[2], "D");
	CHECK_STR(a.file, "it's.csv");
	CHECK_INT(a.delimiter, '\t');
	CHECK_INT(a.quote, 0);
	CHECK_STR(a.timestamp_format, "ts");
	CHECK_STR(a.date_format, "d");
	CHECK_STR(a.time_format, "t");
	CHECK_INT(a.max_bad, -1);
	CHECK(!a.one_line);
	CHECK_STR(a.charset, "UTF-16");
	CHECK(a.replace);
}

TEST(bulk_has_two_more)
{
	const char *sql = "call SYSCS_UTIL.BULK_IMPORT_HFILE(null, 't', 'null', 'f', '^A', null, "
			  "null, null, null, null, null, null, null, '/tmp', true)";
	_cleanup_import_args_ struct import_args a = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(import_args_parse(sql, strlen(sql), &a, &err), &err);
	CHECK(!a.schema);
	CHECK_INT(a.columns.len, 0);
	CHECK_INT(a.delimiter, 1);
	CHECK_INT(a.max_bad, 0);
}

#define REST ", null, null, null, null, null, null, null)"

TEST(refused)
{
	check_bad("call SYSCS_UTIL.IMPORT_DATA", "0 arguments are given, 13 are expected");
	check_bad("call SYSCS_UTIL.IMPORT_DATA (null)", "1 arguments are given, 13 are expected");
	check_bad("call x.IMPORT_DATA(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)",
		  "16 arguments are given, 13 are expected");
	check_bad("call x.IMPORT_DATA(?", "argument 1, schemaName: null, a text in quotes or a "
					  "number is expected");
	check_bad("call x.IMPORT_DATA('a' 'b'", "a comma is expected behind argument 1");
	check_bad("call x.IMPORT_DATA(null, null, null, 'f', null, null" REST,
		  "argument 2, tableName: the name of a table is expected (given: null)");
	check_bad("call x.IMPORT_DATA(null, 't', null, '', null, null" REST,
		  "argument 4, fileName: a file or folder is expected (given: '')");
	check_bad("call x.IMPORT_DATA(null, 't', 'a,,b', 'f', null, null" REST,
		  "argument 3, insertColumnList: a name is empty (given: ',b')");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', '||', null" REST,
		  "argument 5, columnDelimiter: one character is expected, not a backslash; \\t is "
		  "a tab (given: '||')");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', '\\', null" REST,
		  "argument 5, columnDelimiter: one character is expected, not a backslash; \\t is "
		  "a tab (given: '\\')");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', '\u00A6', null" REST,
		  "argument 5, columnDelimiter: one character is expected, not a backslash; \\t is "
		  "a tab (given: '\u00A6')");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', '\"', null" REST,
		  "argument 6, characterDelimiter: it is the column delimiter as well (given: "
		  "null)");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', null, null, null, null, null, -2, "
		  "null, null, null)",
		  "argument 10, maxBadRecords: the number of bad records allowed is expected, -1 "
		  "for any (given: '-2')");
	check_bad("call x.IMPORT_DATA(null, 't', null, 'f', null, null, null, null, null, 0, "
		  "null, 'perhaps', null)",
		  "argument 12, oneLineRecords: true or false is expected (given: 'perhaps')");
}

TEST_MAIN()
