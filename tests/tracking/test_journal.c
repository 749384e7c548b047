/* tracking/journal.c: cuts, flips, a full disk, two who want the same file */
#include "tracking/journal-record.h"
#include "tracking/journal.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum { RECORDS = 5 };

static int append_number(struct journal *j, int n, struct err *err)
{
	json_auto_t *records = json_pack("[{s:s, s:i}]", "kind", "log", "n", n);

	return journal_append(j, records, err);
}

static struct journal *make(const char *dir, int n)
{
	json_auto_t *head = json_pack("{s:s}", "kind", "head");
	struct journal *j = NULL;
	struct err err = ERR_INIT;

	if (journal_create(dir, head, &j, &err) < 0)
		abort();
	for (int i = 0; i < n; i++)
		if (append_number(j, i, &err) < 0)
			abort();
	return j;
}

/* Records behind the ack, as bits by their number; -1 when one comes out of order. */
static int read_numbers(struct journal *j)
{
	uint64_t at = journal_acked(j);
	int seen = 0, last = -1;

	for (;;) {
		json_auto_t *record = NULL;
		struct err err = ERR_INIT;
		int n;

		if (journal_next(j, &at, &record, &err) != 1)
			return seen;
		n = (int)json_get_int(record, "n", -1);
		if (n <= last)
			return -1;
		last = n;
		seen |= 1 << n;
	}
}

/* A journal's bytes after its kernel is gone. */
static void make_file(const char *dir, struct buf *b, char **ret_path)
{
	struct journal *j = make(dir, RECORDS);
	struct err err = ERR_INIT;

	*ret_path = str_dup(journal_path(j));
	journal_free(j);
	buf_init(b, MIB(1));
	if (fs_read(*ret_path, b, &err) < 0)
		abort();
}

static int adopt_bytes(const char *path, const void *p, size_t n, struct journal **ret)
{
	struct err err = ERR_INIT;
	int r = fs_write_atomic(path, p, n, 0600, &err);

	return r < 0 ? r : journal_adopt(path, ret, &err);
}

TEST(crc_is_the_standard_one)
{
	CHECK_INT(journal_crc32c(0, "123456789", 9), 0xE3069283);
	CHECK_INT(journal_crc32c(journal_crc32c(0, "1234", 4), "56789", 5), 0xE3069283);
}

TEST(records_come_back_in_order)
{
	_cleanup_(journal_freep) struct journal *j = make(test_dir(), RECORDS);
	struct err err = ERR_INIT;
	uint64_t at = 0;
	json_t *record = NULL;

	CHECK_INT(read_numbers(j), 0x1f);
	REQUIRE_OK(journal_next(j, &at, &record, &err), &err);
	CHECK_STR(json_get_str(record, "kind", ""), "head");
	json_decref(record);
	CHECK_OK(journal_sync(j, &err), &err);
	at = journal_acked(j);
	for (int i = 0; i < 2; i++) {
		REQUIRE(journal_next(j, &at, &record, &err) == 1);
		json_decref(record);
	}
	REQUIRE_OK(journal_ack(j, at, &err), &err);
	CHECK_INT(read_numbers(j), 0x1c);
	REQUIRE_OK(append_number(j, 5, &err), &err);
	CHECK_INT(read_numbers(j), 0x3c);
}

TEST(acks_survive_the_process)
{
	struct journal *j = make(test_dir(), RECORDS);
	_cleanup_free_ char *path = str_dup(journal_path(j));
	struct err err = ERR_INIT;
	uint64_t at = journal_acked(j);
	json_t *record;

	for (int i = 0; i < 3; i++) {
		REQUIRE(journal_next(j, &at, &record, &err) == 1);
		json_decref(record);
	}
	REQUIRE_OK(journal_ack(j, at, &err), &err);
	journal_free(j);
	REQUIRE_OK(journal_adopt(path, &j, &err), &err);
	CHECK_INT(read_numbers(j), 0x18);
	CHECK_INT(journal_damaged(j), 0);
	journal_remove(j);
	CHECK(!fs_exists(path));
}

/* Cut at every byte: every record that was whole is there, none is invented, no damage is told. */
TEST(cut_anywhere_keeps_the_prefix)
{
	_cleanup_buf_ struct buf whole = {0};
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;
	size_t head_end;
	int before = 0;
	struct journal *j;

	make_file(test_dir(), &whole, &path);
	REQUIRE_OK(journal_adopt(path, &j, &err), &err);
	head_end = (size_t)journal_acked(j);
	journal_free(j);
	for (size_t n = head_end; n <= whole.len; n++) {
		int seen;

		REQUIRE_OK(adopt_bytes(path, whole.data, n, &j), &err);
		seen = read_numbers(j);
		CHECK((seen & before) == before && (seen & (seen + 1)) == 0);
		CHECK_INT(journal_damaged(j), 0);
		/* What is appended now follows the prefix. */
		CHECK_OK(append_number(j, RECORDS, &err), &err);
		CHECK_INT(read_numbers(j), seen | 1 << RECORDS);
		journal_free(j);
		before = seen;
	}
	CHECK_INT(before, 0x1f);
	for (size_t n = 0; n < 17 + 12; n++)
		CHECK_INT(adopt_bytes(path, whole.data, n, &j), E_INPUT);
}

/* Flip every bit behind the head: at most one record is lost, and the damage is told and kept. */
TEST(flipped_bits_cost_one_record)
{
	_cleanup_buf_ struct buf whole = {0};
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *aside = NULL;
	struct err err = ERR_INIT;
	struct journal *j;
	size_t head_end;

	make_file(test_dir(), &whole, &path);
	aside = str_fmt("%s.damaged", path);
	REQUIRE_OK(journal_adopt(path, &j, &err), &err);
	head_end = (size_t)journal_acked(j);
	journal_free(j);
	for (size_t bit = head_end * 8; bit < whole.len * 8; bit++) {
		int lost;

		whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		REQUIRE_OK(adopt_bytes(path, whole.data, whole.len, &j), &err);
		lost = 0x1f & ~read_numbers(j);
		CHECK(lost && (lost & (lost - 1)) == 0);
		CHECK_INT(journal_damaged(j), 1);
		CHECK(fs_exists(aside));
		CHECK_OK(append_number(j, RECORDS, &err), &err);
		CHECK_INT(read_numbers(j) >> RECORDS, 1);
		journal_free(j);
		(void)unlink(aside);
		whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* Two adopters at once: exactly one gets the file. */
struct racer {
	const char *path;
	pthread_barrier_t *start;
	struct journal *won;
	int result;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct err err = ERR_INIT;

	pthread_barrier_wait(r->start);
	r->result = journal_adopt(r->path, &r->won, &err);
	return NULL;
}

TEST(two_adopters_race)
{
	for (int round = 0; round < 50; round++) {
		struct journal *j = make(test_dir(), 1);
		_cleanup_free_ char *path = str_dup(journal_path(j));
		struct racer racers[2];
		pthread_barrier_t start;
		pthread_t threads[2];

		journal_free(j);
		pthread_barrier_init(&start, NULL, 2);
		for (int i = 0; i < 2; i++) {
			racers[i] = (struct racer){.path = path, .start = &start};
			REQUIRE(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
		}
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&start);
		CHECK_INT((racers[0].result == 0) + (racers[1].result == 0), 1);
		for (int i = 0; i < 2; i++) {
			CHECK(racers[i].result == 0 || racers[i].result == E_EXISTS);
			journal_remove(racers[i].won);
		}
	}
}

TEST(a_living_kernels_file_is_left_alone)
{
	_cleanup_(journal_freep) struct journal *j = make(test_dir(), 1);
	struct journal *other = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(journal_adopt(journal_path(j), &other, &err), E_EXISTS);
	CHECK_INT(journal_adopt("/nonexistent/x.journal", &other, &err), E_NOTFOUND);
}

/* A full disk, by a limit on the file's size: the call fails, what was there stays readable. */
TEST(full_disk_takes_nothing_half)
{
	_cleanup_(journal_freep) struct journal *j = make(test_dir(), 3);
	struct rlimit old, limit;
	struct err err = ERR_INIT;

	(void)signal(SIGXFSZ, SIG_IGN);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
	limit = (struct rlimit){journal_size(j) + 10, old.rlim_max};
	REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK_INT(append_number(j, 3, &err), E_IO);
	CHECK(*err.hint);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK_INT(read_numbers(j), 0x7);
	CHECK_OK(append_number(j, 3, &err), &err);
	CHECK_INT(read_numbers(j), 0xf);
}

TEST_MAIN()
