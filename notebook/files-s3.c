/* Files on S3: clients and listings.  Reading and writing have files of their own. */
#include "notebook/files-int.h"

#include "base/str.h"

#include <string.h>

enum { LIST_MAX = 100000 };

int files_s3_client(const struct target *t, struct s3 **ret, struct err *err)
{
	_cleanup_free_ char *region = NULL, *endpoint = NULL;
	struct s3_options o = {.credentials = &t->credentials};
	int r = aws_region(&region, err);

	if (r == 0)
		r = aws_endpoint("S3", &endpoint, err);
	if (r < 0)
		return r;
	o.region = region;
	o.endpoint = endpoint;
	return s3_new(&o, ret, err);
}

int files_s3_check_key(const struct target *t, struct err *err)
{
	if (*t->key)
		return 0;
	(void)err_set(err, E_INPUT, "this is a bucket, not a file");
	err_set_hint(err, "write s3a://%s/KEY", t->bucket);
	return E_INPUT;
}

/* The key as a folder: with a slash at the end, or "" for the bucket. */
static char *as_prefix(const char *key)
{
	size_t n = strlen(key);

	return str_fmt("%s%s", key, n && key[n - 1] != '/' ? "/" : "");
}

/* Names below the prefix; a folder's own marker object has none. */
static int add_page(const struct s3_page *page, const char *prefix, const char *base,
		    struct files_list *ret, struct err *err)
{
	for (size_t i = 0; i < page->len; i++) {
		const struct s3_entry *e = &page->entries[i];
		_cleanup_free_ char *name = NULL;
		size_t n;
		int r;

		if (!str_starts(e->key, prefix))
			return err_set(err, E_PROTO,
				       "the listing has a key that was not asked for");
		n = strlen(e->key) - strlen(prefix) - (e->prefix ? 1 : 0);
		if (!e->key[strlen(prefix)] || n == 0)
			continue;
		name = str_ndup(e->key + strlen(prefix), n);
		if (!name)
			return err_nomem(err);
		r = files_list_add(ret, base, strlen(base), name, (int64_t)e->size, e->prefix, err);
		if (r < 0)
			return r;
	}
	if (ret->len > LIST_MAX)
		return err_set(err, E_TOOBIG, "more than %d names are below it", LIST_MAX);
	return 0;
}

static int list_prefix(struct s3 *s3, const struct target *t, const char *base,
		       struct cancel *cancel, struct files_list *ret, bool *ret_any,
		       struct err *err)
{
	_cleanup_free_ char *prefix = as_prefix(t->key);
	_cleanup_free_ char *after = NULL;

	if (!prefix)
		return err_nomem(err);
	*ret_any = !*prefix;
	do {
		_cleanup_s3_page_ struct s3_page page = {0};
		int r = s3_list(s3, t->bucket, prefix, "/", after, cancel, &page, err);

		if (r == 0)
			r = add_page(&page, prefix, base, ret, err);
		if (r < 0)
			return r;
		*ret_any |= page.len > 0;
		free(after);
		after = TAKE(page.next);
	} while (after);
	return 0;
}

int files_s3_list(const struct target *t, const char *url, struct cancel *cancel,
		  struct files_list *ret, struct err *err)
{
	size_t n = strlen(url);
	_cleanup_free_ char *base = str_fmt("%s%s", url, n && url[n - 1] == '/' ? "" : "/");
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	_cleanup_s3_object_ struct s3_object o = {0};
	const char *name = strrchr(url, '/');
	bool any = false;
	int r = base ? files_s3_client(t, &s3, err) : err_nomem(err);

	if (r == 0)
		r = list_prefix(s3, t, base, cancel, ret, &any, err);
	if (r < 0 || any)
		return r;
	r = s3_head(s3, t->bucket, t->key, cancel, &o, err);
	if (r < 0)
		return r;
	name = name ? name + 1 : url;
	return files_list_add(ret, url, (size_t)(name - url), name, (int64_t)o.size, false, err);
}

int files_s3_stat(const struct target *t, struct cancel *cancel, int64_t *ret_size,
		  bool *ret_folder, struct err *err)
{
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	_cleanup_s3_object_ struct s3_object o = {0};
	_cleanup_s3_page_ struct s3_page page = {0};
	_cleanup_free_ char *prefix = as_prefix(t->key);
	struct err missing = ERR_INIT;
	int r = prefix ? files_s3_client(t, &s3, err) : err_nomem(err);

	if (r < 0)
		return r;
	*ret_folder = true;
	*ret_size = 0;
	if (!*t->key)
		return s3_head_bucket(s3, t->bucket, cancel, err);
	r = s3_head(s3, t->bucket, t->key, cancel, &o, &missing);
	if (r == 0) {
		*ret_folder = false;
		*ret_size = (int64_t)o.size;
		return 0;
	}
	if (r == E_NOTFOUND)
		r = s3_list(s3, t->bucket, prefix, "/", NULL, cancel, &page, err);
	else
		*err = missing;
	if (r == 0 && page.len == 0) {
		*err = missing;
		return missing.code;
	}
	return r;
}
