/* The walk, over expat. */
#include "protocol/aws/xml.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

/* The answers nest some eight deep. */
enum { DEPTH_MAX = 16, PATH_MAX_BYTES = 1024 };

struct walk {
	XML_Parser parser;
	char path[PATH_MAX_BYTES];
	size_t lengths[DEPTH_MAX]; /* of path, before each open element */
	size_t depth;
	struct buf text; /* since the last tag */
	xml_element_fn *fn;
	void *userdata;
	struct err *err;
	int failed;
};

static void stop(struct walk *w, int code)
{
	w->failed = code;
	(void)XML_StopParser(w->parser, XML_FALSE);
}

static void XMLCALL on_start(void *userdata, const XML_Char *name, const XML_Char **attributes)
{
	struct walk *w = userdata;
	size_t at = strlen(w->path), n = strlen(name);

	(void)attributes;
	buf_clear(&w->text);
	if (w->depth == DEPTH_MAX || at + n + 2 > sizeof(w->path)) {
		stop(w, err_set(w->err, E_PROTO, "the XML is nested too deeply"));
		return;
	}
	w->lengths[w->depth++] = at;
	if (at)
		w->path[at++] = '/';
	memcpy(w->path + at, name, n + 1);
}

static void XMLCALL on_end(void *userdata, const XML_Char *name)
{
	struct walk *w = userdata;
	int r = 0;

	(void)name;
	if (w->failed)
		return;
	buf_put_u8(&w->text, 0);
	r = buf_check(&w->text, "a value in the XML", w->err);
	if (r == 0)
		r = w->fn(w->userdata, w->path, (const char *)w->text.data, w->err);
	buf_clear(&w->text);
	w->path[w->lengths[--w->depth]] = '\0';
	if (r < 0)
		stop(w, r);
}

static void XMLCALL on_text(void *userdata, const XML_Char *text, int n)
{
	struct walk *w = userdata;

	buf_put(&w->text, text, (size_t)n);
}

static void XMLCALL on_doctype(void *userdata, const XML_Char *name, const XML_Char *system_id,
			       const XML_Char *public_id, int internal)
{
	struct walk *w = userdata;

	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(w, err_set(w->err, E_PROTO, "the XML has a document type declaration"));
}

int xml_walk(const void *text, size_t n, xml_element_fn *fn, void *userdata, struct err *err)
{
	struct walk w = {.fn = fn, .userdata = userdata, .err = err};
	enum XML_Status status;
	int r = 0;

	if (n > INT_MAX)
		return err_set(err, E_TOOBIG, "the XML is larger than %d bytes", INT_MAX);
	w.parser = XML_ParserCreate(NULL);
	if (!w.parser)
		return err_nomem(err);
	buf_init(&w.text, LIMIT_SMALL_FILE);
	XML_SetUserData(w.parser, &w);
	XML_SetElementHandler(w.parser, on_start, on_end);
	XML_SetCharacterDataHandler(w.parser, on_text);
	XML_SetStartDoctypeDeclHandler(w.parser, on_doctype);
	status = XML_Parse(w.parser, n ? text : "", (int)n, XML_TRUE);
	if (w.failed)
		r = w.failed;
	else if (status != XML_STATUS_OK && XML_GetErrorCode(w.parser) == XML_ERROR_NO_MEMORY)
		r = err_nomem(err);
	else if (status != XML_STATUS_OK)
		r = err_set(err, E_PROTO, "the XML does not parse: %s",
			    XML_ErrorString(XML_GetErrorCode(w.parser)));
	XML_ParserFree(w.parser);
	buf_release(&w.text);
	return r;
}

void xml_url_decode(char *s, bool plus)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = plus && *s == '+' ? ' ' : *s;
		if (*s == '%' && str_hex_digit(s[1]) >= 0 && str_hex_digit(s[2]) >= 0 &&
		    (s[1] != '0' || s[2] != '0')) {
			*to = (char)(str_hex_digit(s[1]) << 4 | str_hex_digit(s[2]));
			s += 2;
		}
	}
	*to = '\0';
}
