/* kernel/complete.c: the guess for cells that no child looked at */
#include "kernel/complete.h"

#include "tests/harness.h"

TEST(guesses)
{
	static const struct {
		const char *code, *status;
	} cases[] = {
		{"x = 1", "complete"},
		{"for i in x:", "incomplete"},
		{"f(1,", "incomplete"},
		{"f(1, '(')", "complete"},
		{"x = '''a\nb", "incomplete"},
		{"x = '''a\nb'''", "complete"},
		{"x = 1 + \\", "incomplete"},
		{"def f():\n    return 1", "incomplete"},
		{"f)", "invalid"},
		{"x  # (", "complete"},
		{"'it\\'s'", "complete"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(complete_guess(cases[i].code), cases[i].status);
}

TEST_MAIN()
