/* protocol/drda/sqlca.c */
#include "protocol/drda/sqlca.h"

#include "tests/harness.h"

/* An error of Derby as recorded, with SQLCODE and SQLSTATE in front. */
static const char not_found[] = "\0\xFF\xFF\xB1\xDF"
				"42X05"
				"CSS10160"
				"\0\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\1\0\0\0\0\0\0\0\0"
				"           "
				"\0\0\0\x0C"
				"NOSUCH\x14"
				"42X05\0\0\xFF";

TEST(whole)
{
	struct rd r = rd_make(not_found, sizeof(not_found) - 1);
	struct sqlca ca;
	struct err err = ERR_INIT;
	char text[100];

	REQUIRE_OK(sqlca_read(&ca, &r, &err), &err);
	CHECK_INT(r.n, 0);
	CHECK_INT(ca.code, -20001);
	CHECK_STR(ca.state, "42X05");
	CHECK_STR(ca.proc, "CSS10160");
	CHECK_STR(ca.errmc, "NOSUCH\x14"
			    "42X05");
	CHECK(sqlca_is_error(&ca) && !sqlca_is_warning(&ca) && !sqlca_is_end(&ca));
	CHECK_INT(sqlca_count(&ca), 7 + (1LL << 32));
	sqlca_text(&ca, text, sizeof(text));
	CHECK_STR(text, "SQLSTATE 42X05: NOSUCH");
}

TEST(null_group)
{
	struct rd r = rd_make("\xFF", 1);
	struct sqlca ca;
	struct err err = ERR_INIT;

	REQUIRE_OK(sqlca_read(&ca, &r, &err), &err);
	CHECK_INT(ca.code, 0);
	CHECK_STR(ca.state, "00000");
	CHECK(!sqlca_is_error(&ca) && !sqlca_is_warning(&ca) && !sqlca_is_end(&ca));
}

TEST(cut_anywhere)
{
	for (size_t n = 0; n < sizeof(not_found) - 1; n++) {
		struct rd r = rd_make(not_found, n);
		struct sqlca ca;
		struct err err = ERR_INIT;

		CHECK_INT(sqlca_read(&ca, &r, &err), E_PROTO);
		CHECK_STR(err.text, "SQLCA ended too early");
	}
}

static void check_kind(int code, const char *state, bool error, bool warning, bool end)
{
	struct sqlca ca = {.code = code};

	memcpy(ca.state, state, 6);
	CHECK_INT(sqlca_is_error(&ca), error);
	CHECK_INT(sqlca_is_warning(&ca), warning);
	CHECK_INT(sqlca_is_end(&ca), end);
}

TEST(the_state_tells_what_a_code_of_100_means)
{
	check_kind(100, "02000", false, false, true);
	check_kind(100, "42Y55", false, true, false);
	check_kind(10000, "01003", false, true, false);
	check_kind(-1, "42X05", true, false, false);
	check_kind(-952, "57014", true, false, false);
	check_kind(0, "00000", false, false, false);
}

static void check_text(const char *errmc, size_t size, const char *want)
{
	struct sqlca ca = {.code = -1, .state = "X0Y78"};
	char text[200];

	ca.errmc_len = (uint16_t)strlen(errmc);
	memcpy(ca.errmc, errmc, ca.errmc_len);
	sqlca_text(&ca, text, size);
	CHECK_STR(text, want);
}

TEST(text_of_the_arguments)
{
	check_text("", 200, "SQLSTATE X0Y78");
	check_text("A\x14"
		   "B\x14"
		   "X0Y78.S",
		   200, "SQLSTATE X0Y78: A, B");
	check_text("one\x14"
		   "XJ040\x14\x14\x14"
		   "SQLSTATE: XJ001\x14two",
		   200, "SQLSTATE X0Y78: one, XJ040, SQLSTATE: XJ001, two");
	check_text("a long argument\x14"
		   "X",
		   24, "SQLSTATE X0Y78: a long ");
}

TEST_MAIN()
