/* A block of the file at a time, records found by their line ends, fields by their delimiters. */
#include "notebook/csv.h"

#include "base/limits.h"

#include <string.h>

#ifdef SMALL_LIMITS
enum { FIRST_BLOCK = 16 };
#else
enum { FIRST_BLOCK = 1 << 20 };
#endif

/* What csv_source_fn is promised. */
enum { MIN_READ = 8 };

struct csv {
	struct csv_options options;
	csv_source_fn *source;
	void *userdata;
	char *block; /* unread bytes are at..len */
	size_t cap;
	size_t at;
	size_t len;
	bool ended;
	bool begun;    /* the byte order mark was looked for */
	bool skipping; /* within a record that is too long */
	uint64_t line; /* number of the line at `at` */
	struct csv_field *fields;
	size_t fields_cap;
	char *plain; /* contents of quoted fields with doubled quotes */
	size_t plain_cap;
	size_t plain_len;
	struct csv_record record;
};

int csv_new(const struct csv_options *options, csv_source_fn *source, void *userdata,
	    struct csv **ret, struct err *err)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err);
	c->options = *options;
	if (!c->options.max_record)
		c->options.max_record = LIMIT_IMPORT_RECORD;
	c->source = source;
	c->userdata = userdata;
	c->line = 1;
	c->cap = FIRST_BLOCK;
	c->block = malloc(c->cap);
	if (!c->block) {
		csv_free(c);
		return err_nomem(err);
	}
	*ret = c;
	return 0;
}

void csv_free(struct csv *c)
{
	if (!c)
		return;
	free(c->block);
	free(c->fields);
	free(c->plain);
	free(c);
}

static int grow_block(struct csv *c, struct err *err)
{
	size_t cap = c->cap * 2;
	char *block = realloc(c->block, cap);

	if (!block)
		return err_nomem(err);
	c->block = block;
	c->cap = cap;
	return 0;
}

/* Read more behind what is there; the unread bytes move to the front of the block. */
static int fill(struct csv *c, struct err *err)
{
	size_t n;
	int r;

	if (c->at > 0) {
		memmove(c->block, c->block + c->at, c->len - c->at);
		c->len -= c->at;
		c->at = 0;
	}
	if (c->cap - c->len < MIN_READ) {
		r = grow_block(c, err);
		if (r < 0)
			return r;
	}
	r = c->source(c->userdata, c->block + c->len, c->cap - c->len, &n, err);
	if (r < 0)
		return r;
	c->ended = n == 0;
	c->len += n;
	return 0;
}

/*
 * The end of the record that begins at `from`: its newline, searched from
 * *scan on (within quotes or not); NULL when it is not in the block yet.
 */
static const char *find_end(const struct csv *c, const char *from, size_t *scan, bool *in_quotes,
			    uint64_t *lines)
{
	const char *end = c->block + c->len;
	const char *p = from + *scan;

	if (c->options.lines || !c->options.quote) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		*scan = (size_t)(end - from);
		return newline;
	}
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		while ((p = memchr(p, c->options.quote, (size_t)(stop - p)))) {
			*in_quotes = !*in_quotes;
			p++;
		}
		if (newline && !*in_quotes)
			return newline;
		*lines += newline != NULL;
		p = newline ? newline + 1 : end;
	}
	*scan = (size_t)(end - from);
	return NULL;
}

static int add_field(struct csv *c, const char *p, size_t n, bool quoted, struct err *err)
{
	struct csv_record *r = &c->record;

	if (r->n_fields == c->fields_cap) {
		size_t cap = c->fields_cap ? c->fields_cap * 2 : 64;
		struct csv_field *fields = realloc(c->fields, cap * sizeof(*fields));

		if (!fields)
			return err_nomem(err);
		c->fields = fields;
		c->fields_cap = cap;
	}
	c->fields[r->n_fields++] = (struct csv_field){p, n, quoted};
	return 0;
}

/* Room for the contents of all quoted fields of a record of n bytes: taken once, never moved. */
static int reserve_plain(struct csv *c, size_t n, struct err *err)
{
	char *plain;

	if (c->plain_cap >= n)
		return 0;
	plain = realloc(c->plain, n);
	if (!plain)
		return err_nomem(err);
	c->plain = plain;
	c->plain_cap = n;
	return 0;
}

/* Copy with doubled quotes made single; returns the length. */
static size_t unquote(char *dst, const char *p, const char *end, char quote)
{
	char *to = dst;

	while (p < end) {
		*to++ = *p;
		p += *p == quote ? 2 : 1;
	}
	return (size_t)(to - dst);
}

/* A field that begins with a quote at p; *ret is behind it. */
static int quoted_field(struct csv *c, const char *p, const char *end, const char **ret,
			struct err *err)
{
	const char *from = p + 1;
	bool doubled = false;
	const char *close = from;
	size_t n;

	for (;;) {
		close = memchr(close, c->options.quote, (size_t)(end - close));
		if (!close) {
			c->record.flaw = CSV_OPEN_QUOTE;
			*ret = end;
			return add_field(c, p, (size_t)(end - p), true, err);
		}
		if (close + 1 == end || close[1] != c->options.quote)
			break;
		doubled = true;
		close += 2;
	}
	*ret = close + 1;
	if (!doubled)
		return add_field(c, from, (size_t)(close - from), true, err);
	if (reserve_plain(c, c->record.raw_n, err) < 0)
		return err ? err->code : E_NOMEM;
	n = unquote(c->plain + c->plain_len, from, close, c->options.quote);
	c->plain_len += n;
	return add_field(c, c->plain + c->plain_len - n, n, true, err);
}

static int split(struct csv *c, struct err *err)
{
	const char *p = c->record.raw;
	const char *end = p + c->record.raw_n;
	char delimiter = c->options.delimiter;
	int r;

	for (;;) {
		const char *from = p;

		if (p < end && c->options.quote && *p == c->options.quote) {
			r = quoted_field(c, p, end, &p, err);
			if (r == 0 && p < end && *p != delimiter) {
				c->record.flaw = CSV_AFTER_QUOTE;
				p = memchr(p, delimiter, (size_t)(end - p));
				p = p ? p : end;
			}
		} else {
			p = memchr(p, delimiter, (size_t)(end - p));
			p = p ? p : end;
			r = add_field(c, from, (size_t)(p - from), false, err);
		}
		if (r < 0 || p == end)
			return r;
		p++;
	}
}

/* The record from..end is complete; the block goes on at `next`. */
static int take_record(struct csv *c, const char *from, const char *end, const char *next,
		       uint64_t lines, struct err *err)
{
	int r;

	if (end > from && end[-1] == '\r')
		end--;
	c->record = (struct csv_record){.raw = from,
					.raw_n = (size_t)(end - from),
					.line = c->line,
					.flaw = CSV_GOOD};
	c->plain_len = 0;
	r = split(c, err);
	c->record.fields = c->fields;
	c->at = (size_t)(next - c->block);
	c->line += lines;
	return r;
}

/* Give what fits of a record that is too long, and pass over its rest next time. */
static void take_beginning(struct csv *c)
{
	c->record = (struct csv_record){.raw = c->block + c->at,
					.raw_n = c->options.max_record,
					.line = c->line,
					.flaw = CSV_TOO_LONG};
	c->skipping = true;
	c->at += c->options.max_record;
}

/* Pass over the rest of the line of a record that was too long. */
static int skip_line(struct csv *c, struct err *err)
{
	while (c->skipping) {
		const char *from = c->block + c->at;
		const char *newline = memchr(from, '\n', c->len - c->at);

		if (newline || c->ended) {
			c->at = newline ? (size_t)(newline + 1 - c->block) : c->len;
			c->line++;
			c->skipping = false;
			return 0;
		}
		c->at = c->len;
		int r = fill(c, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int skip_mark(struct csv *c, struct err *err)
{
	static const char mark[] = "\xEF\xBB\xBF";

	while (c->len < sizeof(mark) - 1 && !c->ended) {
		int r = fill(c, err);

		if (r < 0)
			return r;
	}
	if (c->len >= 3 && memcmp(c->block, mark, 3) == 0)
		c->at = 3;
	c->begun = true;
	return 0;
}

/* 1 with a record, which may be an empty line; 0 at the end. */
static int next_record(struct csv *c, struct err *err)
{
	bool in_quotes = false;
	uint64_t lines = 1;
	size_t scan = 0;

	for (;;) {
		const char *from = c->block + c->at;
		const char *end = find_end(c, from, &scan, &in_quotes, &lines);
		int r;

		if ((end ? (size_t)(end - from) : scan) > c->options.max_record) {
			take_beginning(c);
			return 1;
		}
		if (end || (c->ended && scan > 0)) {
			const char *stop = end ? end : from + scan;

			r = take_record(c, from, stop, end ? end + 1 : stop, lines, err);
			return r < 0 ? r : 1;
		}
		if (c->ended)
			return 0;
		r = fill(c, err);
		if (r < 0)
			return r;
	}
}

int csv_next(struct csv *c, const struct csv_record **ret, struct err *err)
{
	int r = c->begun ? 0 : skip_mark(c, err);

	if (r == 0)
		r = skip_line(c, err);
	if (r < 0)
		return r;
	do {
		r = next_record(c, err);
	} while (r == 1 && c->record.raw_n == 0);
	if (r == 1)
		*ret = &c->record;
	return r;
}

int csv_peek(struct csv *c, const char **ret, size_t *ret_n, struct err *err)
{
	int r = c->begun ? 0 : skip_mark(c, err);

	*ret = c->block + c->at;
	*ret_n = c->len - c->at;
	return r;
}
