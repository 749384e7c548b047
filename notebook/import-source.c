/* Three stages, each of which may be absent: file, gzip, charset. */
#include "notebook/import-source.h"

#include "base/str.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { BLOCK = 256 * 1024 };
/* zlib: a gzip header is expected, the window is what the header says. */
enum { GZIP_WINDOW = 15 + 16 };

/* Bytes that one stage has and the next has not taken yet. */
struct stage {
	char *p; /* owned, BLOCK bytes */
	size_t at;
	size_t len;
	bool ended;
};

struct import_source {
	struct files_reader *reader;
	uint64_t done;
	struct stage raw;
	bool gzip;
	bool member_ended; /* a further gzip member may follow */
	z_stream z;
	struct stage unpacked;
	bool convert;
	size_t unit; /* bytes of the charset's smallest character */
	iconv_t iconv;
};

static int stage_init(struct stage *s, struct err *err)
{
	s->p = malloc(BLOCK);
	return s->p ? 0 : err_nomem(err);
}

static int fill_raw(struct import_source *s, struct err *err)
{
	size_t n;
	int r;

	memmove(s->raw.p, s->raw.p + s->raw.at, s->raw.len - s->raw.at);
	s->raw.len -= s->raw.at;
	s->raw.at = 0;
	r = files_reader_read(s->reader, s->raw.p + s->raw.len, BLOCK - s->raw.len, &n, err);
	if (r < 0)
		return r;
	s->raw.ended = n == 0;
	s->raw.len += n;
	s->done += n;
	return 0;
}

static int begin_gzip(struct import_source *s, struct err *err)
{
	while (s->raw.len < 2 && !s->raw.ended) {
		int r = fill_raw(s, err);

		if (r < 0)
			return r;
	}
	if (s->raw.len < 2 || memcmp(s->raw.p, "\x1f\x8b", 2) != 0)
		return 0;
	if (inflateInit2(&s->z, GZIP_WINDOW) != Z_OK)
		return err_nomem(err);
	s->gzip = true;
	return 0;
}

/* Java's names that iconv spells otherwise. */
static const char *iconv_name(const char *charset)
{
	static const struct {
		const char *java;
		const char *iconv;
	} names[] = {
		{"ISO8859_1", "ISO-8859-1"}, {"ISO8859_15", "ISO-8859-15"}, {"UTF8", "UTF-8"},
		{"UTF_8", "UTF-8"},          {"Cp1252", "CP1252"},          {"ASCII", "US-ASCII"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_ci(charset, names[i].java))
			return names[i].iconv;
	return charset;
}

static size_t unit_of(const char *iconv_name)
{
	static const struct {
		const char *family; /* the names of which begin so */
		size_t unit;
	} families[] = {{"UTF-16", 2}, {"UTF16", 2}, {"UCS-2", 2}, {"UCS2", 2},
			{"UTF-32", 4}, {"UTF32", 4}, {"UCS-4", 4}, {"UCS4", 4}};

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (str_starts_ci(iconv_name, families[i].family))
			return families[i].unit;
	return 1;
}

static int begin_charset(struct import_source *s, const char *charset, struct err *err)
{
	const char *name = charset ? iconv_name(charset) : "UTF-8";

	if (str_eq_ci(name, "UTF-8"))
		return 0;
	s->iconv = iconv_open("UTF-8", name);
	if (s->iconv == (iconv_t)-1) {
		err_set(err, E_INPUT, "charset \"%.60s\" is not known", charset);
		err_set_hint(err, "UTF-8, ISO-8859-1, windows-1252 and UTF-16 are; null is UTF-8.");
		return E_INPUT;
	}
	s->convert = true;
	s->unit = unit_of(name);
	return 0;
}

int import_source_open(struct files *files, const char *url, const char *charset,
		       const struct files_call *call, struct import_source **ret, struct err *err)
{
	_cleanup_(import_source_freep) struct import_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	r = stage_init(&s->raw, err);
	if (r == 0)
		r = stage_init(&s->unpacked, err);
	if (r == 0)
		r = begin_charset(s, charset, err);
	if (r == 0)
		r = files_open(files, url, call, &s->reader, err);
	if (r == 0)
		r = begin_gzip(s, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void import_source_free(struct import_source *s)
{
	if (!s)
		return;
	if (s->gzip)
		(void)inflateEnd(&s->z);
	if (s->convert)
		(void)iconv_close(s->iconv);
	files_reader_free(s->reader);
	free(s->raw.p);
	free(s->unpacked.p);
	free(s);
}

static int read_plain(struct import_source *s, char *p, size_t n, size_t *ret_n, struct err *err)
{
	if (s->raw.at == s->raw.len) {
		int r = files_reader_read(s->reader, p, n, ret_n, err);

		if (r == 0)
			s->done += *ret_n;
		return r;
	}
	if (n > s->raw.len - s->raw.at)
		n = s->raw.len - s->raw.at;
	memcpy(p, s->raw.p + s->raw.at, n);
	s->raw.at += n;
	*ret_n = n;
	return 0;
}

static int gzip_error(const struct import_source *s, int code, struct err *err)
{
	if (code == Z_MEM_ERROR)
		return err_nomem(err);
	return err_set(err, E_INPUT, "the gzip file is damaged near byte %llu",
		       (unsigned long long)(s->done - (s->raw.len - s->raw.at)));
}

static int inflate_some(struct import_source *s, char *p, size_t n, size_t *ret_n, struct err *err)
{
	int code;

	if (s->member_ended) {
		if (inflateReset(&s->z) != Z_OK)
			return err_nomem(err);
		s->member_ended = false;
	}
	s->z.next_in = (Bytef *)s->raw.p + s->raw.at;
	s->z.avail_in = (uInt)(s->raw.len - s->raw.at);
	s->z.next_out = (Bytef *)p;
	s->z.avail_out = (uInt)n;
	code = inflate(&s->z, Z_NO_FLUSH);
	s->raw.at = s->raw.len - s->z.avail_in;
	*ret_n = n - s->z.avail_out;
	s->member_ended = code == Z_STREAM_END;
	return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR
		       ? 0
		       : gzip_error(s, code, err);
}

static int read_gzip(struct import_source *s, char *p, size_t n, size_t *ret_n, struct err *err)
{
	*ret_n = 0;
	if (n > BLOCK)
		n = BLOCK;
	while (*ret_n == 0) {
		int r = 0;

		if (s->raw.at == s->raw.len && !s->raw.ended)
			r = fill_raw(s, err);
		if (r == 0 && s->raw.at == s->raw.len && s->raw.ended)
			return s->member_ended ? 0 : gzip_error(s, Z_DATA_ERROR, err);
		if (r == 0)
			r = inflate_some(s, p, n, ret_n, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_unpacked(struct import_source *s, char *p, size_t n, size_t *ret_n, struct err *err)
{
	return s->gzip ? read_gzip(s, p, n, ret_n, err) : read_plain(s, p, n, ret_n, err);
}

static int fill_unpacked(struct import_source *s, struct err *err)
{
	struct stage *u = &s->unpacked;
	size_t n;
	int r;

	memmove(u->p, u->p + u->at, u->len - u->at);
	u->len -= u->at;
	u->at = 0;
	r = read_unpacked(s, u->p + u->len, BLOCK - u->len, &n, err);
	if (r < 0)
		return r;
	u->ended = n == 0;
	u->len += n;
	return 0;
}

/* Convert what there is; a character that cannot be converted becomes 0xFF. */
static size_t convert_some(struct import_source *s, char *p, size_t n)
{
	struct stage *u = &s->unpacked;
	char *in = u->p + u->at;
	size_t in_left = u->len - u->at;
	char *out = p;
	size_t out_left = n;
	size_t r = iconv(s->iconv, &in, &in_left, &out, &out_left);
	bool cut = r == (size_t)-1 && errno == EINVAL && u->ended;

	if (((r == (size_t)-1 && errno == EILSEQ) || cut) && in_left > 0 && out_left > 0) {
		*out++ = (char)0xFF;
		in += s->unit < in_left ? s->unit : in_left;
	}
	u->at = (size_t)(in - u->p);
	return (size_t)(out - p);
}

int import_source_read(void *userdata, char *p, size_t n, size_t *ret_n, struct err *err)
{
	struct import_source *s = userdata;
	struct stage *u = &s->unpacked;

	if (!s->convert)
		return read_unpacked(s, p, n, ret_n, err);
	*ret_n = 0;
	while (*ret_n == 0) {
		if (u->at == u->len && u->ended)
			return 0;
		*ret_n = convert_some(s, p, n);
		if (*ret_n > 0)
			return 0;
		if (!u->ended) {
			int r = fill_unpacked(s, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

uint64_t import_source_done(const struct import_source *s)
{
	return s->done;
}

int64_t import_source_size(const struct import_source *s)
{
	return files_reader_size(s->reader);
}
