/* protocol/aws/xml.c; what it walks over is tried in test_s3-xml.c */
#include "protocol/aws/xml.h"

#include "base/str.h"

#include "tests/harness.h"

TEST(percent_encoding)
{
	static const struct {
		const char *text, *plain, *plus;
	} cases[] = {{"a%20b+c", "a b+c", "a b c"},
		     {"%7B%22a%22%7d", "{\"a\"}", "{\"a\"}"},
		     {"%00%zz%4", "%00%zz%4", "%00%zz%4"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *a = str_dup(cases[i].text);
		_cleanup_free_ char *b = str_dup(cases[i].text);

		REQUIRE(a && b);
		xml_url_decode(a, false);
		xml_url_decode(b, true);
		CHECK_STR(a, cases[i].plain);
		CHECK_STR(b, cases[i].plus);
	}
}

TEST_MAIN()
