/* Where refused records go. */
#include "notebook/import-bad.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>
#include <sys/random.h>

struct import_bad {
	struct files *files;
	struct files_call call;
	char *folder; /* NULL: each input file's own */
	char id[33];
	char *input; /* URL of the input file */
	struct files_writer *writer;
	char *place; /* what import_bad_place says; NULL: nothing was bad */
	struct buf line;
	size_t n_files;
};

int import_bad_new(struct files *files, const char *folder, const struct files_call *call,
		   struct import_bad **ret, struct err *err)
{
	_cleanup_(import_bad_freep) struct import_bad *b = calloc(1, sizeof(*b));
	unsigned char random[16];

	if (!b)
		return err_nomem(err);
	/* A record twice over (escaped) and its value once more. */
	buf_init(&b->line, 3 * LIMIT_IMPORT_RECORD);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(err, E_IO, "no random numbers are to be had");
	str_hex(b->id, random, sizeof(random));
	b->files = files;
	b->call = *call;
	if (str_replace(&b->folder, folder, err) < 0)
		return E_NOMEM;
	*ret = TAKE(b);
	return 0;
}

void import_bad_free(struct import_bad *b)
{
	if (!b)
		return;
	files_writer_free(b->writer);
	buf_release(&b->line);
	free(b->folder);
	free(b->input);
	free(b->place);
	free(b);
}

int import_bad_begin(struct import_bad *b, const char *url, struct err *err)
{
	int r = import_bad_finish(b, err);

	return r < 0 ? r : str_replace(&b->input, url, err);
}

/* "dir/file" of a URL; the folder is "." for a bare name. */
static const char *split_url(const char *url, size_t *ret_folder_len)
{
	const char *slash = strrchr(url, '/');

	*ret_folder_len = slash ? (size_t)(slash - url) : 0;
	return slash ? slash + 1 : url;
}

static char *bad_folder(const struct import_bad *b)
{
	size_t n;
	const char *name = split_url(b->input, &n);

	if (b->folder)
		return str_ndup(b->folder,
				strlen(b->folder) - (str_ends_ci(b->folder, "/") ? 1 : 0));
	if (name == b->input)
		return str_dup(".");
	return str_ndup(b->input, n);
}

static int open_file(struct import_bad *b, struct err *err)
{
	size_t n;
	_cleanup_free_ char *folder = bad_folder(b);
	_cleanup_free_ char *url = NULL;
	int r;

	if (folder)
		url = str_fmt("%s/%s.bad_%s_0", folder, split_url(b->input, &n), b->id);
	if (!url)
		return err_nomem(err);
	r = files_create(b->files, url, FILES_LOG, &b->call, &b->writer, err);
	if (r < 0)
		return r;
	b->n_files++;
	return str_replace(&b->place, b->n_files == 1 ? url : folder, err);
}

/* Bytes as they are, but for what would end the line. */
static void put_raw(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const char *from = p;

		while (p < end && *p != '\n' && *p != '\r')
			p++;
		buf_put(b, from, (size_t)(p - from));
		if (p < end)
			buf_put_str(b, *p++ == '\n' ? "\\n" : "\\r");
	}
}

int import_bad_write(struct import_bad *b, const struct bad_record *r, struct err *err)
{
	if (!b->writer && open_file(b, err) < 0)
		return err ? err->code : E_IO;
	buf_clear(&b->line);
	buf_printf(&b->line, "%s %s (line %llu); table columns: %zu, file columns: %zu",
		   r->flaw->state, r->flaw->text, (unsigned long long)r->line, r->table_columns,
		   r->file_columns);
	if (r->flaw->column)
		buf_printf(&b->line, ", bad column: %zu", r->flaw->column);
	if (r->value) {
		buf_put_str(&b->line, ", value: '");
		put_raw(&b->line, r->value->p, r->value->n);
		buf_put_str(&b->line, "'");
	}
	buf_put_str(&b->line, " [");
	put_raw(&b->line, r->raw, r->raw_n);
	buf_put_str(&b->line, "]\n");
	if (buf_check(&b->line, "a bad record", err) < 0)
		return err ? err->code : E_NOMEM;
	return files_writer_write(b->writer, b->line.data, b->line.len, err);
}

int import_bad_finish(struct import_bad *b, struct err *err)
{
	int r = b->writer ? files_writer_finish(b->writer, err) : 0;

	files_writer_free(b->writer);
	b->writer = NULL;
	return r;
}

const char *import_bad_place(const struct import_bad *b)
{
	return b->place ? b->place : "NONE";
}

bool import_bad_is_log(const char *name)
{
	static const char digits[] = "0123456789", hex[] = "0123456789abcdef";
	enum { ID = 32 };

	for (const char *p = name; (p = strstr(p, ".bad_")); p++) {
		const char *id = p + strlen(".bad_");
		const char *number = id + ID + 1;

		if (strspn(id, hex) == ID && id[ID] == '_' && str_is_digit(*number) &&
		    number[strspn(number, digits)] == '\0')
			return true;
	}
	return false;
}
