/* S3's answers: a walk over the elements that hands on each one's path and text. */
#include "protocol/aws/s3-xml.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

/* S3's answers nest four deep. */
enum { DEPTH_MAX = 16, PATH_MAX_BYTES = 1024 };

/* An element ended: its path from the root ("Error/Code") and its own text. */
typedef int element_fn(void *userdata, const char *path, const char *text, struct err *err);

struct walk {
	XML_Parser parser;
	char path[PATH_MAX_BYTES];
	size_t lengths[DEPTH_MAX]; /* of path, before each open element */
	size_t depth;
	struct buf text; /* since the last tag */
	element_fn *fn;
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

static int walk(const void *text, size_t n, element_fn *fn, void *userdata, struct err *err)
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

/* --- an error --- */

void s3_error_release(struct s3_error *e)
{
	free(e->code);
	free(e->message);
	free(e->region);
	*e = (struct s3_error){0};
}

static int error_element(void *userdata, const char *path, const char *text, struct err *err)
{
	struct s3_error *e = userdata;

	if (str_eq(path, "Error/Code"))
		return str_replace(&e->code, text, err);
	if (str_eq(path, "Error/Message"))
		return str_replace(&e->message, text, err);
	if (str_eq(path, "Error/Region"))
		return str_replace(&e->region, text, err);
	return 0;
}

int s3_xml_error(const void *text, size_t n, struct s3_error *ret, struct err *err)
{
	_cleanup_s3_error_ struct s3_error e = {0};
	int r = walk(text, n, error_element, &e, err);

	if (r < 0)
		return r;
	if (!e.code)
		return err_set(err, E_PROTO, "the XML is not an S3 error");
	*ret = e;
	e = (struct s3_error){0};
	return 0;
}

/* --- a listing --- */

struct listing {
	struct s3_page page;
	struct s3_entry open; /* the Contents or CommonPrefixes being read */
	bool encoded;         /* EncodingType is url */
	bool truncated;
	bool is_list;
};

static void entry_release(struct s3_entry *e)
{
	free(TAKE(e->key));
	e->size = 0;
}

void s3_page_release(struct s3_page *p)
{
	for (size_t i = 0; i < p->len; i++)
		entry_release(&p->entries[i]);
	free(p->entries);
	free(p->next);
	*p = (struct s3_page){0};
}

static int close_entry(struct listing *l, bool prefix, struct err *err)
{
	struct s3_entry *entries;

	if (!l->open.key)
		return err_set(err, E_PROTO, "an entry of the listing has no name");
	entries = reallocarray(l->page.entries, l->page.len + 1, sizeof(*entries));
	if (!entries)
		return err_nomem(err);
	l->page.entries = entries;
	l->open.prefix = prefix;
	entries[l->page.len++] = l->open;
	l->open = (struct s3_entry){0};
	return 0;
}

static int list_element(void *userdata, const char *path, const char *text, struct err *err)
{
	static const char root[] = "ListBucketResult";
	struct listing *l = userdata;

	if (!str_starts(path, root))
		return 0;
	path += sizeof(root) - 1;
	if (!*path)
		l->is_list = true;
	else if (str_eq(path, "/EncodingType"))
		l->encoded = str_eq(text, "url");
	else if (str_eq(path, "/IsTruncated"))
		l->truncated = str_eq(text, "true");
	else if (str_eq(path, "/NextContinuationToken"))
		return str_replace(&l->page.next, text, err);
	else if (str_eq(path, "/Contents/Key") || str_eq(path, "/CommonPrefixes/Prefix"))
		return str_replace(&l->open.key, text, err);
	else if (str_eq(path, "/Contents/Size"))
		return str_parse_u64(text, &l->open.size, err) < 0
			       ? err_set(err, E_PROTO, "a size in the listing is not a number")
			       : 0;
	else if (str_eq(path, "/Contents") || str_eq(path, "/CommonPrefixes"))
		return close_entry(l, str_eq(path, "/CommonPrefixes"), err);
	return 0;
}

/* `encoding-type=url`, in place; S3 writes a space as `+`. */
static void url_decode(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = *s == '+' ? ' ' : *s;
		if (*s == '%' && str_hex_digit(s[1]) >= 0 && str_hex_digit(s[2]) >= 0 &&
		    (s[1] != '0' || s[2] != '0')) {
			*to = (char)(str_hex_digit(s[1]) << 4 | str_hex_digit(s[2]));
			s += 2;
		}
	}
	*to = '\0';
}

int s3_xml_page(const void *text, size_t n, struct s3_page *ret, struct err *err)
{
	struct listing l = {0};
	int r = walk(text, n, list_element, &l, err);

	entry_release(&l.open);
	if (r == 0 && !l.is_list)
		r = err_set(err, E_PROTO, "the XML is not a listing of a bucket");
	if (r == 0 && l.truncated && !l.page.next)
		r = err_set(err, E_PROTO, "the listing goes on but has no continuation token");
	if (r < 0) {
		s3_page_release(&l.page);
		return r;
	}
	for (size_t i = 0; l.encoded && i < l.page.len; i++)
		url_decode(l.page.entries[i].key);
	if (!l.truncated)
		free(TAKE(l.page.next));
	*ret = l.page;
	return 0;
}
