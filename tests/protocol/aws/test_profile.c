/* protocol/aws/profile.c */
#include "protocol/aws/profile.h"

#include "base/fs.h"
#include "base/str.h"

#include "tests/harness.h"

static struct profile parse(const char *text, const char *name, bool is_config)
{
	struct profile p = {0};
	struct err err = ERR_INIT;

	CHECK_OK(profile_parse(text, strlen(text), name, is_config, &p, &err), &err);
	return p;
}

TEST(sections_are_named_differently_in_the_two_files)
{
	static const char text[] = "[default]\nregion=a\n[x]\nregion = b\n[profile x]\nregion = c\n"
				   "[ profile  'y z' ]\nregion = d # home\n";
	static const struct {
		const char *name;
		bool is_config;
		const char *region;
	} cases[] = {
		{"default", false, "a"}, {"default", true, "a"}, {"x", false, "b"},
		{"x", true, "c"},        {"y z", true, "d"},     {"nobody", true, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_profile_ struct profile p = parse(text, cases[i].name, cases[i].is_config);

		CHECK_STR(p.values[PROFILE_REGION], cases[i].region);
		CHECK(p.found == (cases[i].region != NULL));
	}
}

TEST(odd_lines_are_passed_over)
{
	static const char text[] =
		"\xef\xbb\xbfregion = no\n# c\n[default]\r\n"
		"AWS_ACCESS_KEY_ID = A\r\ns3 =\n  region = nested\n\tregion = n\n"
		"no setting\n=\n;x\nregion = old\nregion = new ; why\n"
		"aws_secret_access_key = a#b;c=d\naws_session_token =\n[broken\n"
		"region = gone";
	_cleanup_profile_ struct profile p = parse(text, "default", false);

	CHECK_STR(p.values[PROFILE_ACCESS_KEY], "A");
	CHECK_STR(p.values[PROFILE_SECRET_KEY], "a#b;c=d");
	CHECK_STR(p.values[PROFILE_SESSION_TOKEN], NULL);
	CHECK_STR(p.values[PROFILE_REGION], "new");
}

TEST(long_tokens_are_whole)
{
	char text[5000] = "[default]\naws_session_token = ";
	size_t start = strlen(text);
	_cleanup_profile_ struct profile p = {0};
	struct err err = ERR_INIT;

	memset(text + start, 'x', sizeof(text) - start);
	REQUIRE_OK(profile_parse(text, sizeof(text), "default", false, &p, &err), &err);
	REQUIRE(p.values[PROFILE_SESSION_TOKEN]);
	CHECK_INT(strlen(p.values[PROFILE_SESSION_TOKEN]), sizeof(text) - start);
}

static void write_file(const char *dir, const char *name, const char *variable, const char *text)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", dir, name);
	struct err err = ERR_INIT;

	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
	setenv(variable, path, 1);
}

TEST(keys_come_from_one_file)
{
	const char *dir = test_dir();
	_cleanup_profile_ struct profile p = {0};
	struct err err = ERR_INIT;

	unsetenv("AWS_PROFILE");
	unsetenv("AWS_DEFAULT_PROFILE");
	write_file(dir, "credentials", "AWS_SHARED_CREDENTIALS_FILE",
		   "[default]\naws_access_key_id=A\naws_secret_access_key=B\n");
	write_file(dir, "config", "AWS_CONFIG_FILE",
		   "[default]\naws_access_key_id=C\naws_session_token=D\nregion=r\n");
	REQUIRE_OK(profile_load(&p, &err), &err);
	CHECK(p.found);
	CHECK_STR(p.values[PROFILE_ACCESS_KEY], "A");
	CHECK_STR(p.values[PROFILE_SECRET_KEY], "B");
	CHECK_STR(p.values[PROFILE_SESSION_TOKEN], NULL);
	CHECK_STR(p.values[PROFILE_REGION], "r");
}

TEST_MAIN()
