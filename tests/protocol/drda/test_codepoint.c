/* protocol/drda/codepoint.c */
#include "protocol/drda/codepoint.h"

#include "tests/harness.h"

TEST(names)
{
	char text[CODEPOINT_TEXT_SIZE];

	CHECK_STR(codepoint_name(0x1041), "EXCSAT");
	CHECK_STR(codepoint_name(CP_QRYDTA), "QRYDTA");
	CHECK_STR(codepoint_name(0xBEEF), NULL);
	CHECK_STR(codepoint_text(0xBEEF, text), "0xBEEF");
	CHECK_STR(codepoint_text(CP_PBSD_SCHEMA, text), "PBSD_SCHEMA");
	CHECK_INT(codepoint_kind(CP_PASSWORD), KIND_SECRET);
	CHECK_INT(codepoint_kind(0xBEEF), KIND_DATA);
}

TEST_MAIN()
