#include "notebook/secrets.h"

#include "base/str.h"
#include "tests/harness.h"

static void check_hidden(const char *text, const char *expected)
{
	_cleanup_free_ char *out = NULL;
	struct err err = ERR_INIT;
	bool hidden = false;

	REQUIRE_OK(secrets_hide(text, strlen(text), &out, &hidden, &err), &err);
	CHECK_STR(out, expected);
	CHECK_INT(hidden, !str_eq(text, expected));
}

TEST(passwords_of_urls)
{
	check_hidden("%splicemachine --connect splice://bob:pass@w0rd@host:1527/db\nselect 1",
		     "%splicemachine --connect splice://bob:***@host:1527/db\nselect 1");
	check_hidden("%splicemachine --connect jdbc:splice://h:1/db;user=u;password=x;ssl=basic",
		     "%splicemachine --connect jdbc:splice://h:1/db;user=u;password=***;ssl=basic");
	check_hidden("get('https://u:p@host/x?token=abc&n=1')",
		     "get('https://u:***@host/x?token=***&n=1')");
	check_hidden("url = \"jdbc:derby://h/db;password=p\"",
		     "url = \"jdbc:derby://h/db;password=***\"");
	check_hidden("model.save('s3a://splice-demo/model')",
		     "model.save('s3a://splice-demo/model')");
	check_hidden("http://localhost:5001/#/a@b", "http://localhost:5001/#/a@b");
}

TEST(named_values)
{
	check_hidden("password = 'hunter2'", "password = '***'");
	check_hidden("db_password=\"a\\\"b\" # why", "db_password=\"***\" # why");
	check_hidden("opts = {'password': 'x', 'user': 'u'}",
		     "opts = {'password': '***', 'user': 'u'}");
	check_hidden("read.option(\"password\", r'x')", "read.option(\"password\", r'***')");
	check_hidden("os.environ['AWS_SECRET_ACCESS_KEY'] = 'k'",
		     "os.environ['AWS_SECRET_ACCESS_KEY'] = '***'");
	check_hidden("conf.set('fs.s3a.secret.key', 'k')", "conf.set('fs.s3a.secret.key', '***')");
	check_hidden("API_TOKEN = \"\"\"a\nb\"\"\"\n", "API_TOKEN = \"\"\"***\"\"\"\n");
	check_hidden("%env AWS_SECRET_ACCESS_KEY=abc\nx = 1",
		     "%env AWS_SECRET_ACCESS_KEY=***\nx = 1");
	check_hidden("  !export TOKEN=abc; run", "  !export TOKEN=***; run");
	check_hidden("call SYSCS_UTIL.SYSCS_CREATE_USER('bob', 'it''s')",
		     "call SYSCS_UTIL.SYSCS_CREATE_USER('***', '***''***')");
	check_hidden("call SYSCS_SET_DATABASE_PROPERTY('derby.user.bob', 'x')",
		     "call SYSCS_SET_DATABASE_PROPERTY('derby.user.bob', '***')");
}

TEST(values_over_lines_and_in_parts)
{
	check_hidden("connect(password=\n    'x', user='u')",
		     "connect(password=\n    '***', user='u')");
	check_hidden("o = {'password':\n  'x'}", "o = {'password':\n  '***'}");
	check_hidden("read.option('password'\n  , 'x')", "read.option('password'\n  , '***')");
	check_hidden("password = \\\n 'x'", "password = \\\n '***'");
	check_hidden("password = 'a' \"b\" + r'c'", "password = '***' \"***\" + r'***'");
	check_hidden("password = ('a'\n'b')", "password = ('***'\n'***')");
	check_hidden("connect(\n  password='a'\n  'b')", "connect(\n  password='***'\n  '***')");
	check_hidden("password = 'a'\n'text'", "password = '***'\n'text'");
	check_hidden("password: str = 'x'", "password: str = '***'");
	check_hidden("password: Dict[str, str] = 'x'", "password: Dict[str, str] = '***'");
	check_hidden("def f(token: str, user='u'): pass", "def f(token: str, user='u'): pass");
}

TEST(words_of_shells_and_environments)
{
	check_hidden("%env API_TOKEN abc\nx = 1", "%env API_TOKEN ***\nx = 1");
	check_hidden("%env API_TOKEN 'a b'", "%env API_TOKEN '***'");
	check_hidden("%env HOME the password stays", "%env HOME the password stays");
	check_hidden("!mysql --password x -u u", "!mysql --password *** -u u");
	check_hidden("!mysql --password=x -u u", "!mysql --password=*** -u u");
	check_hidden("!mysql --password 'x y'", "!mysql --password '***'");
	check_hidden("!mysql --password -u u", "!mysql --password -u u");
	check_hidden("!mysql --password", "!mysql --password");
	check_hidden("!echo the password is asked for", "!echo the password is asked for");
	check_hidden("%%bash\nexport DB_PASSWORD=x\nrun --token y",
		     "%%bash\nexport DB_PASSWORD=***\nrun --token ***");
	check_hidden("%env", "%env");
}

TEST(what_is_none_stays)
{
	static const char *const texts[] = {
		"",
		"password = getpass()",
		"if password == 'x': pass",
		"print('password:', 'x')",
		"Tokenizer(inputCol='text', outputCol='tokens')",
		"df.select('tokens', 'label')",
		"df.select('token', 'label')",
		"tokens = 'a b c'",
		"manager.log_param('classifier', 'neural network')",
		"select \"password\" from users",
		"password=''",
		"password",
		"password=",
		"x = password:",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_hidden(texts[i], texts[i]);
}

TEST_MAIN()
