/* S3's answers: what the elements of an error and of a listing hold. */
#include "protocol/aws/s3-xml.h"

#include "base/str.h"
#include "protocol/aws/xml.h"

#include <string.h>

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
	int r = xml_walk(text, n, error_element, &e, err);

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

int s3_xml_page(const void *text, size_t n, struct s3_page *ret, struct err *err)
{
	struct listing l = {0};
	int r = xml_walk(text, n, list_element, &l, err);

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
		xml_url_decode(l.page.entries[i].key, /* plus= */ true);
	if (!l.truncated)
		free(TAKE(l.page.next));
	*ret = l.page;
	return 0;
}
