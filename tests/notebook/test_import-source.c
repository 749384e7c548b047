#include "notebook/import-source.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

#include <zlib.h>

static const char *dir;

/* What comes out of a file with these bytes, read in pieces of 8; or the error's text. */
static void check_bytes(const void *bytes, size_t n, const char *charset, const char *expected)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(files_freep) struct files *files = NULL;
	_cleanup_(import_source_freep) struct import_source *s = NULL;
	_cleanup_free_ char *path = str_fmt("%s/file", dir);
	struct files_call call = {0};
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf b;
	char piece[8];
	size_t got = 1;
	int r;

	buf_init(&b, MIB(1));
	REQUIRE_OK(fs_write_atomic(path, bytes, n, 0600, &err), &err);
	REQUIRE_OK(config_load(&config, &err), &err);
	REQUIRE_OK(files_new(config, &files, &err), &err);
	r = import_source_open(files, path, charset, &call, &s, &err);
	while (r == 0 && got > 0) {
		r = import_source_read(s, piece, sizeof(piece), &got, &err);
		if (r == 0)
			buf_put(&b, piece, got);
	}
	if (r == 0)
		CHECK_INT((int64_t)import_source_done(s), (int64_t)n);
	if (r == 0)
		CHECK_INT(import_source_size(s), (int64_t)n);
	buf_put_u8(&b, 0);
	/* Where zlib notices damage differs between its versions. */
	err.text[strcspn(err.text, "0123456789")] = '\0';
	CHECK_STR(r < 0 ? err.text : (char *)b.data, expected);
}

static void gzip(struct buf *out, const char *text)
{
	z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text)};

	REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_out = buf_reserve(out, 4096);
	z.avail_out = 4096;
	REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_commit(out, 4096 - z.avail_out);
	(void)deflateEnd(&z);
}

TEST(plain)
{
	dir = test_dir();
	setenv("XDG_CONFIG_HOME", dir, 1);
	check_bytes("", 0, NULL, "");
	check_bytes("a", 1, NULL, "a");
	check_bytes("a,b\n1,2\nlonger than a piece", 27, NULL, "a,b\n1,2\nlonger than a piece");
}

TEST(charsets)
{
	check_bytes("caf\xE9\n", 5, "ISO-8859-1", "caf\u00E9\n");
	check_bytes("caf\xE9\n", 5, "ISO8859_1", "caf\u00E9\n");
	check_bytes("caf\xE9 au lait\n", 13, NULL, "caf\xE9 au lait\n");
	check_bytes("caf\xE9 au lait\n", 13, "US-ASCII", "caf\xFF au lait\n");
	check_bytes("\xFE\xFF\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j", 22, "UTF-16", "abcdefghij");
	check_bytes("\0a\0", 3, "UTF-16BE", "a\xFF");
	/* Half a surrogate pair: what follows it is read rightly. */
	check_bytes("\xD8\0\0a\0\n\0b\0\n", 10, "UTF-16BE",
		    "\xFF"
		    "a\nb\n");
	check_bytes("\xFF\xFE"
		    "a\0\0\xDC"
		    "b\0",
		    8, "utf-16",
		    "a\xFF"
		    "b");
	check_bytes("a\0\0\0\0\0\x11\0b\0\0\0", 12, "UTF-32LE",
		    "a\xFF"
		    "b");
	check_bytes("x", 1, "klingon", "charset \"klingon\" is not known");
}

TEST(gzip)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	gzip(&b, "first member,");
	gzip(&b, "second member\n");
	check_bytes(b.data, b.len, NULL, "first member,second member\n");
	check_bytes(b.data, b.len, "ISO-8859-1", "first member,second member\n");
	check_bytes(b.data, b.len - 3, NULL, "the gzip file is damaged near byte ");
	memset(b.data + 12, 0xFF, 8);
	check_bytes(b.data, b.len, NULL, "the gzip file is damaged near byte ");
}

TEST(missing)
{
	_cleanup_free_ char *path = str_fmt("%s/nosuch", dir);
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(files_freep) struct files *files = NULL;
	struct import_source *s = NULL;
	struct files_call call = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(config_load(&config, &err), &err);
	REQUIRE_OK(files_new(config, &files, &err), &err);
	CHECK_INT(import_source_open(files, path, NULL, &call, &s, &err), E_NOTFOUND);
}

TEST_MAIN()
