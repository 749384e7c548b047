/*
 * Error values: formatting only.  Texts that do not fit are cut at a
 * character boundary, so that they stay valid UTF-8.
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Cut back to a whole UTF-8 character; needed only when vsnprintf truncated. */
static void trim_partial_utf8(char *s)
{
	size_t n = strlen(s);
	size_t back = 0;

	while (n > back && back < 4 && ((unsigned char)s[n - 1 - back] & 0xC0) == 0x80)
		back++;
	if (n > back && ((unsigned char)s[n - 1 - back] & 0xC0) == 0xC0)
		s[n - 1 - back] = '\0';
}

ERR_PRINTF(3, 0)
static void vformat(char *dst, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(dst, size, fmt, ap);

	if (n < 0)
		dst[0] = '\0';
	else if ((size_t)n >= size)
		trim_partial_utf8(dst);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->name[0] = '\0';
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vformat(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int err_set_errno(struct err *err, int code, int errnum, const char *fmt, ...)
{
	va_list ap;
	char reason[128];
	size_t n;

	if (!err)
		return code;
	err->code = code;
	err->name[0] = '\0';
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vformat(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s",
		 strerror_r(errnum, reason, sizeof(reason)));
	return code;
}

void err_set_name(struct err *err, const char *name)
{
	if (err)
		snprintf(err->name, sizeof(err->name), "%s", name);
}

void err_set_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vformat(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	size_t n;

	if (!err)
		return E_IO;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vformat(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	if ((size_t)snprintf(err->text + n, sizeof(err->text) - n, ": %s", old) >=
	    sizeof(err->text) - n)
		trim_partial_utf8(err->text);
	return err->code;
}

int err_copy(struct err *err, const struct err *from)
{
	if (err)
		*err = *from;
	return from->code;
}

int err_nomem(struct err *err)
{
	return err_set(err, E_NOMEM, "out of memory");
}

void err_clear(struct err *err)
{
	if (err) {
		err->code = 0;
		err->name[0] = err->text[0] = err->hint[0] = '\0';
	}
}

const char *err_code_name(int code)
{
	switch (code) {
#define E_NAME(name, value, text)                                                                  \
	case value:                                                                                \
		return #name;
		E_LIST(E_NAME)
#undef E_NAME
	default:
		return "E_UNKNOWN";
	}
}

const char *err_code_text(int code)
{
	switch (code) {
#define E_TEXT(name, value, text)                                                                  \
	case value:                                                                                \
		return text;
		E_LIST(E_TEXT)
#undef E_TEXT
	default:
		return "unknown error";
	}
}

const char *err_ename(const struct err *err)
{
	return err->name[0] ? err->name : err_code_name(err->code);
}
