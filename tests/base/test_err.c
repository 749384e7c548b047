/* base/err.c */
#include "base/err.h"

#include "tests/harness.h"

TEST(prefix_keeps_the_first_text)
{
	struct err err = ERR_INIT;

	CHECK_INT(err_set(&err, E_IO, "disk %d", 3), E_IO);
	CHECK_INT(err_prefix(&err, "import"), E_IO);
	CHECK_STR(err.text, "import: disk 3");
	CHECK_STR(err_ename(&err), "E_IO");
	err_set_name(&err, "42X05");
	CHECK_STR(err_ename(&err), "42X05");
}

TEST(long_texts_are_cut_between_characters)
{
	char text[3 * ERR_TEXT_MAX];
	struct err err = ERR_INIT;
	size_t n;

	for (size_t i = 0; i + 2 < sizeof(text); i += 3)
		memcpy(text + i, "\xE2\x82\xAC", 3);
	text[sizeof(text) - 3] = '\0';
	(void)err_set(&err, E_IO, "x%s", text);
	n = strlen(err.text);
	CHECK(n > ERR_TEXT_MAX - 8 && n < ERR_TEXT_MAX);
	CHECK_INT((n - 1) % 3, 0);
}

TEST(null_is_allowed)
{
	CHECK_INT(err_set(NULL, E_USAGE, "x"), E_USAGE);
	err_set_hint(NULL, "x");
}

TEST_MAIN()
