#include "notebook/csv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "tests/harness.h"

/* Gives a text in pieces of `step` bytes. */
struct pieces {
	const char *p;
	size_t n;
	size_t step;
};

static int read_piece(void *userdata, char *p, size_t n, size_t *ret_n, struct err *err)
{
	struct pieces *s = userdata;

	(void)err;
	if (n > s->step)
		n = s->step;
	if (n > s->n)
		n = s->n;
	memcpy(p, s->p, n);
	s->p += n;
	s->n -= n;
	*ret_n = n;
	return 0;
}

static void put_record(struct buf *b, const struct csv_record *r)
{
	static const char *const flaws[] = {"", "open!", "after!", "long!"};

	buf_printf(b, "%d%s:", (int)r->line, flaws[r->flaw]);
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(b, "%s%.*s|", r->fields[i].quoted ? "\"" : "", (int)r->fields[i].n,
			   r->fields[i].p);
	buf_put_str(b, " ");
}

/* The same whatever the sizes of the pieces. */
static void check_csv(const struct csv_options *options, const char *text, size_t n,
		      const char *expected)
{
	static const size_t steps[] = {1, 3, 1000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct pieces pieces = {text, n, steps[i]};
		_cleanup_(csv_freep) struct csv *c = NULL;
		const struct csv_record *r;
		_cleanup_buf_ struct buf b;
		struct err err = ERR_INIT;
		int more;

		buf_init(&b, KIB(64));
		REQUIRE_OK(csv_new(options, read_piece, &pieces, &c, &err), &err);
		while ((more = csv_next(c, &r, &err)) == 1)
			put_record(&b, r);
		CHECK_INT(more, 0);
		buf_put_u8(&b, 0);
		CHECK_STR((char *)b.data, expected);
	}
}

static const struct csv_options lines = {.delimiter = ',', .quote = '"', .lines = true};
static const struct csv_options spanning = {.delimiter = ',', .quote = '"'};

#define CHECK_CSV(options, text, expected)                                                         \
	check_csv(&(options), (text), sizeof(text) - 1, (expected))

TEST(plain)
{
	CHECK_CSV(lines, "", "");
	CHECK_CSV(lines, "a,b\nc,d\n", "1:a|b| 2:c|d| ");
	CHECK_CSV(lines, "a,b\nc,d", "1:a|b| 2:c|d| ");
	CHECK_CSV(lines, "a,\n,b\n,\n", "1:a|| 2:|b| 3:|| ");
	CHECK_CSV(lines, "a\r\nb\r\n", "1:a| 2:b| ");
	CHECK_CSV(lines, "\n\na\n\r\n\nb\n", "3:a| 6:b| ");
	CHECK_CSV(lines,
		  "\xEF\xBB\xBF"
		  "a,b\n",
		  "1:a|b| ");
	CHECK_CSV(lines, "\xEF\xBB", "1:\xEF\xBB| ");
}

TEST(quotes)
{
	CHECK_CSV(lines, "\"a,b\",c\n", "1:\"a,b|c| ");
	CHECK_CSV(lines, "\"\",\n", "1:\"|| ");
	CHECK_CSV(lines, "\"a\"\"b\",\"\"\"\"\n", "1:\"a\"b|\"\"| ");
	CHECK_CSV(lines, "a\"b,c\"\n", "1:a\"b|c\"| ");
	CHECK_CSV(lines, "\"a\"x,b\nc\n", "1after!:\"a|b| 2:c| ");
	CHECK_CSV(lines, "\"a,b\nc\n", "1open!:\"\"a,b| 2:c| ");
}

TEST(spanning_lines)
{
	CHECK_CSV(spanning, "\"a\nb\",c\nd\n", "1:\"a\nb|c| 3:d| ");
	CHECK_CSV(spanning, "\"a\r\n\"\"\nb\",c\r\nd", "1:\"a\r\n\"\nb|c| 4:d| ");
	CHECK_CSV(spanning, "\"a\nb", "1open!:\"\"a\nb| ");
}

TEST(other_delimiters)
{
	static const struct csv_options tab = {.delimiter = '\t', .quote = '\'', .lines = true};
	static const struct csv_options bare = {.delimiter = '\1', .lines = true};

	CHECK_CSV(tab, "a\t'b\tc'\n", "1:a|\"b\tc| ");
	CHECK_CSV(bare, "a\1\"b\n", "1:a|\"b| ");
}

TEST(too_long)
{
	static const struct csv_options small = {.delimiter = ',',
						 .quote = '"',
						 .lines = true,
						 .max_record = 10};

	CHECK_CSV(small, "0123456789\nb\n", "1:0123456789| 2:b| ");
	CHECK_CSV(small, "0123456789a\nb\n", "1long!: 2:b| ");
	CHECK_CSV(small, "a\n0123456789abcdefghijklmnopqrstuvwxyz", "1:a| 2long!: ");
}

static int fail(void *userdata, char *p, size_t n, size_t *ret_n, struct err *err)
{
	(void)userdata;
	(void)p;
	(void)n;
	(void)ret_n;
	return err_set(err, E_IO, "the disk is gone");
}

TEST(source_fails)
{
	_cleanup_(csv_freep) struct csv *c = NULL;
	const struct csv_record *r;
	struct err err = ERR_INIT;

	REQUIRE_OK(csv_new(&lines, fail, NULL, &c, &err), &err);
	CHECK_INT(csv_next(c, &r, &err), E_IO);
	CHECK_STR(err.text, "the disk is gone");
}

TEST_MAIN()
