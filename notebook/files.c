/* The calls of files.h, each handed on to the place that its URL means. */
#include "notebook/files.h"

#include "base/str.h"
#include "notebook/files-int.h"

#include <string.h>

/* Name the URL; say where a bucket's folder is, since S3 may have been meant. */
static int tell(int r, const char *url, const struct target *t, struct err *err)
{
	if (r == E_CANCEL)
		return r;
	(void)err_prefix(err, "%s", url);
	if (r == E_NOTFOUND && t && t->bucket && t->path)
		err_set_hint(err,
			     "this bucket is a folder here, for want of AWS credentials or by the "
			     "settings: put the file at %s, or set AWS_ACCESS_KEY_ID and "
			     "AWS_SECRET_ACCESS_KEY",
			     t->path);
	return r;
}

int files_open(struct files *f, const char *url, const struct files_call *call,
	       struct files_reader **ret, struct err *err)
{
	_cleanup_target_ struct target t = {0};
	_cleanup_(files_reader_freep) struct files_reader *reader = NULL;
	struct cancel *cancel = files_call_cancel(call);
	int r = files_resolve(f, url, call, &t, err);

	if (r < 0)
		return r;
	r = t.path ? files_local_open(t.path, cancel, &reader, err)
		   : files_s3_open(&t, cancel, &reader, err);
	if (r < 0)
		return tell(r, url, &t, err);
	r = str_replace(&reader->url, url, err);
	if (r == 0)
		*ret = TAKE(reader);
	return r;
}

void files_reader_free(struct files_reader *r)
{
	if (!r)
		return;
	free(TAKE(r->url));
	r->free(r);
}

int64_t files_reader_size(const struct files_reader *r)
{
	return r->size;
}

int files_reader_read(struct files_reader *r, void *p, size_t n, size_t *ret_n, struct err *err)
{
	int code = r->read(r, p, n, ret_n, err);

	return code < 0 ? tell(code, r->url, NULL, err) : 0;
}

int files_create(struct files *f, const char *url, enum files_mode mode,
		 const struct files_call *call, struct files_writer **ret, struct err *err)
{
	_cleanup_target_ struct target t = {0};
	_cleanup_(files_writer_freep) struct files_writer *writer = NULL;
	int r = files_resolve(f, url, call, &t, err);

	if (r < 0)
		return r;
	r = t.path ? files_local_create(t.path, mode, &writer, err)
		   : files_s3_create(&t, mode, files_call_cancel(call), &writer, err);
	if (r < 0)
		return tell(r, url, NULL, err);
	r = str_replace(&writer->url, url, err);
	if (r == 0)
		*ret = TAKE(writer);
	return r;
}

static int writer_result(struct files_writer *w, int r, struct err *err)
{
	if (r == 0)
		return 0;
	r = tell(r, w->url, NULL, err);
	if (err)
		w->failed = *err;
	w->failed.code = r;
	return r;
}

static int writer_failed(const struct files_writer *w, struct err *err)
{
	*err = w->failed;
	return w->failed.code;
}

int files_writer_write(struct files_writer *w, const void *p, size_t n, struct err *err)
{
	if (w->failed.code)
		return writer_failed(w, err);
	return writer_result(w, w->write(w, p, n, err), err);
}

int files_writer_finish(struct files_writer *w, struct err *err)
{
	if (w->failed.code)
		return writer_failed(w, err);
	return writer_result(w, w->finish(w, err), err);
}

void files_writer_free(struct files_writer *w)
{
	if (!w)
		return;
	free(TAKE(w->url));
	w->free(w);
}

int files_stat(struct files *f, const char *url, const struct files_call *call, int64_t *ret_size,
	       bool *ret_folder, struct err *err)
{
	_cleanup_target_ struct target t = {0};
	int64_t size = 0;
	bool folder = false;
	int r = files_resolve(f, url, call, &t, err);

	if (r < 0)
		return r;
	r = t.path ? files_local_stat(t.path, &size, &folder, err)
		   : files_s3_stat(&t, files_call_cancel(call), &size, &folder, err);
	if (r < 0)
		return tell(r, url, &t, err);
	if (ret_size)
		*ret_size = size;
	if (ret_folder)
		*ret_folder = folder;
	return 0;
}

int files_local_path(struct files *f, const char *url, const struct files_call *call, char **ret,
		     struct err *err)
{
	_cleanup_target_ struct target t = {0};
	int r = files_resolve(f, url, call, &t, err);

	if (r == 0)
		*ret = TAKE(t.path);
	return r;
}

/* --- listings --- */

void files_list_release(struct files_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].url);
		free(l->items[i].name);
	}
	free(l->items);
	*l = (struct files_list){0};
}

int files_list_add(struct files_list *l, const char *url, size_t n_url, const char *name,
		   int64_t size, bool folder, struct err *err)
{
	struct files_entry *items = reallocarray(l->items, l->len + 1, sizeof(*items));
	struct files_entry *e;

	if (!items)
		return err_nomem(err);
	l->items = items;
	e = &items[l->len++];
	*e = (struct files_entry){.url = str_fmt("%.*s%s", (int)n_url, url, name),
				  .name = str_dup(name),
				  .size = size,
				  .folder = folder};
	return e->url && e->name ? 0 : err_nomem(err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct files_entry *)a)->name, ((const struct files_entry *)b)->name);
}

int files_list(struct files *f, const char *url, const struct files_call *call,
	       struct files_list *ret, struct err *err)
{
	_cleanup_target_ struct target t = {0};
	_cleanup_(files_list_release) struct files_list l = {0};
	int r = files_resolve(f, url, call, &t, err);

	if (r < 0)
		return r;
	r = t.path ? files_local_list(t.path, url, &l, err)
		   : files_s3_list(&t, url, files_call_cancel(call), &l, err);
	if (r < 0)
		return tell(r, url, &t, err);
	if (l.len)
		qsort(l.items, l.len, sizeof(*l.items), by_name);
	*ret = l;
	l = (struct files_list){0};
	return 0;
}
