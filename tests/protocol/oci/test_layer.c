/* protocol/oci/layer.c and layout.c: written here, read back by libarchive */
#include "protocol/oci/layer.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <sys/stat.h>

static char *new_layout(void)
{
	static int n;
	char *layout = str_fmt("%s/%d", test_dir(), n++);
	struct err err = ERR_INIT;

	if (!layout || oci_layout_make(layout, &err) < 0)
		abort();
	return layout;
}

static void put_line(struct buf *b, struct archive *a, struct archive_entry *e)
{
	char data[64] = "";
	la_ssize_t n = archive_read_data(a, data, sizeof(data) - 1);

	buf_printf(b, "%s %o %d:%d %s%s%s time %d %.*s\n", archive_entry_pathname(e),
		   (unsigned)archive_entry_mode(e), (int)archive_entry_uid(e),
		   (int)archive_entry_gid(e), archive_entry_uname(e) ? archive_entry_uname(e) : "",
		   archive_entry_gname(e) ? archive_entry_gname(e) : "", "-",
		   (int)archive_entry_mtime(e), n > 0 ? (int)n : 0, data);
}

/* The entries of a layer, a line each. */
static char *list_layer(const char *layout, const struct oci_layer *layer)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	if (oci_layout_path(layout, layer->blob.digest, &path, &err) < 0)
		abort();
	archive_read_support_filter_gzip(a);
	archive_read_support_format_tar(a);
	if (archive_read_open_filename(a, path, 10240) != ARCHIVE_OK)
		abort();
	while (archive_read_next_header(a, &e) == ARCHIVE_OK)
		put_line(&b, a, e);
	archive_read_free(a);
	return buf_take_str(&b);
}

static const struct oci_file files[] = {
	{.path = "usr/bin/program", .data = "run", .size = 3},
	{.path = "tmp", .mode = 01777},
	{.path = "etc/note", .mode = 0644, .data = "", .size = 0},
	{.path = "usr/bin-x", .mode = 0600, .data = "hello", .size = 5},
};

TEST(entries_are_sorted_and_folders_come_by_themselves)
{
	_cleanup_free_ char *layout = new_layout();
	struct oci_layer layer = {0};
	struct err err = ERR_INIT;
	_cleanup_free_ char *list = NULL;

	REQUIRE_OK(oci_layer_write(layout, files, ARRAY_LEN(files), NULL, &layer, &err), &err);
	list = list_layer(layout, &layer);
	CHECK_STR(list, "etc/ 40755 0:0 - time 0 \n"
			"etc/note 100644 0:0 - time 0 \n"
			"tmp/ 41777 0:0 - time 0 \n"
			"usr/ 40755 0:0 - time 0 \n"
			"usr/bin/ 40755 0:0 - time 0 \n"
			"usr/bin-x 100600 0:0 - time 0 hello\n"
			"usr/bin/program 100755 0:0 - time 0 run\n");
}

TEST(same_input_gives_the_same_bytes)
{
	_cleanup_free_ char *one = new_layout();
	_cleanup_free_ char *two = new_layout();
	struct oci_file turned[ARRAY_LEN(files)];
	struct oci_layer a = {0}, b = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		turned[ARRAY_LEN(files) - 1 - i] = files[i];
	REQUIRE_OK(oci_layer_write(one, files, ARRAY_LEN(files), NULL, &a, &err), &err);
	REQUIRE_OK(oci_layer_write(two, turned, ARRAY_LEN(files), NULL, &b, &err), &err);
	CHECK_STR(a.blob.digest, b.blob.digest);
	CHECK_STR(a.diff_id, b.diff_id);
	CHECK(!str_eq(a.blob.digest, a.diff_id));
}

/* The layer, its blob and its tar are what their digests say. */
TEST(digests_are_those_of_the_bytes)
{
	_cleanup_free_ char *layout = new_layout();
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf blob;
	struct oci_layer layer = {0};
	struct err err = ERR_INIT;
	char digest[OCI_DIGEST_SIZE];

	buf_init(&blob, MIB(4));
	REQUIRE_OK(oci_layer_write(layout, files, ARRAY_LEN(files), NULL, &layer, &err), &err);
	REQUIRE_OK(oci_layout_path(layout, layer.blob.digest, &path, &err), &err);
	REQUIRE_OK(fs_read(path, &blob, &err), &err);
	REQUIRE_OK(oci_digest(blob.data, blob.len, digest, &err), &err);
	CHECK_STR(digest, layer.blob.digest);
	CHECK_INT(blob.len, layer.blob.size);
	/* RFC 1952: no flags, no time, system unknown. */
	CHECK_MEM(blob.data, (size_t)10, "\x1f\x8b\x08\0\0\0\0\0\0\xff", (size_t)10);
}

TEST(files_of_the_machine_go_in_whole)
{
	_cleanup_free_ char *layout = new_layout();
	_cleanup_free_ char *source = str_fmt("%s/large", test_dir());
	_cleanup_buf_ struct buf data;
	struct oci_layer a = {0}, b = {0};
	struct err err = ERR_INIT;

	buf_init(&data, MIB(4));
	for (unsigned i = 0; i < 300000; i++)
		buf_put_be32(&data, i * 2654435761u);
	REQUIRE_OK(fs_write_atomic(source, data.data, data.len, 0600, &err), &err);
	struct oci_file from_file = {.path = "a", .source = source};
	struct oci_file from_memory = {.path = "a", .data = data.data, .size = data.len};

	REQUIRE_OK(oci_layer_write(layout, &from_file, 1, NULL, &a, &err), &err);
	REQUIRE_OK(oci_layer_write(layout, &from_memory, 1, NULL, &b, &err), &err);
	CHECK_STR(a.blob.digest, b.blob.digest);
}

static int count_blobs(const char *layout)
{
	_cleanup_free_ char *path = str_fmt("%s/blobs", layout);
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 3; /* "." and "..", "sha256" */
}

TEST(failure_leaves_nothing_behind)
{
	_cleanup_free_ char *layout = new_layout();
	struct oci_file missing = {.path = "a", .source = "/nonexistent"};
	struct oci_file folder = {.path = "a", .source = "/"};
	struct oci_layer layer = {0};
	struct err err = ERR_INIT;
	struct cancel c;

	CHECK_INT(oci_layer_write(layout, &missing, 1, NULL, &layer, &err), E_NOTFOUND);
	CHECK_INT(oci_layer_write(layout, &folder, 1, NULL, &layer, &err), E_IO);
	REQUIRE_OK(cancel_init(&c, &err), &err);
	cancel_fire(&c);
	struct oci_file self = {.path = "a", .source = "/proc/self/exe"};

	CHECK_INT(oci_layer_write(layout, &self, 1, &c, &layer, &err), E_CANCEL);
	cancel_release(&c);
	CHECK_INT(count_blobs(layout), 0);
}

TEST(paths_stay_inside)
{
	static const char *const bad[] = {"",   "/etc/passwd", "../x",  "a/../../x", "a//b",
					  "a/", "./a",         "a/./b", ".."};
	_cleanup_free_ char *layout = new_layout();
	struct oci_file twice[] = {{.path = "a", .data = "1", .size = 1},
				   {.path = "a", .data = "2", .size = 1}};
	struct oci_layer layer = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_file f = {.path = bad[i], .data = "x", .size = 1};

		CHECK_INT(oci_layer_write(layout, &f, 1, NULL, &layer, &err), E_INPUT);
	}
	CHECK_INT(oci_layer_write(layout, twice, 2, NULL, &layer, &err), E_INPUT);
}

TEST(blob_names_do_not_leave_the_layout)
{
	struct err err = ERR_INIT;
	char *path = NULL;

	CHECK_INT(oci_layout_path("/x", "sha256:../../etc/passwd", &path, &err), E_INPUT);
	CHECK_STR(path, NULL);
}

TEST_MAIN()
