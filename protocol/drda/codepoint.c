/* Names and kinds of code points. */
#include "protocol/drda/codepoint.h"

#include <stdio.h>

const char *codepoint_name(unsigned cp)
{
	switch (cp) {
#define CODEPOINT_NAME(name, value, kind)                                                          \
	case value:                                                                                \
		return #name;
		CODEPOINT_LIST(CODEPOINT_NAME)
#undef CODEPOINT_NAME
	default:
		return NULL;
	}
}

enum codepoint_kind codepoint_kind(unsigned cp)
{
	switch (cp) {
#define CODEPOINT_KIND(name, value, kind)                                                          \
	case value:                                                                                \
		return KIND_##kind;
		CODEPOINT_LIST(CODEPOINT_KIND)
#undef CODEPOINT_KIND
	default:
		return KIND_DATA;
	}
}

const char *codepoint_text(unsigned cp, char dst[CODEPOINT_TEXT_SIZE])
{
	const char *name = codepoint_name(cp);

	if (name)
		snprintf(dst, CODEPOINT_TEXT_SIZE, "%s", name);
	else
		snprintf(dst, CODEPOINT_TEXT_SIZE, "0x%04X", cp & 0xFFFF);
	return dst;
}
