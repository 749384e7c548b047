/* notebook/files*.c: local paths, folder buckets, and S3 as a scripted server */
#include "notebook/files.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	const char *dir;
	struct config *config;
	struct files *files;
	struct strv notices;
	struct files_call call;
	struct err err;
};

static void hear(void *userdata, const char *text)
{
	struct fixture *x = userdata;

	CHECK_OK(strv_add(&x->notices, text, &x->err), &x->err);
}

static void set_path(const struct fixture *x, const char *variable, const char *name)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", x->dir, name);

	setenv(variable, path, 1);
}

static void put(const struct fixture *x, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", x->dir, name);
	_cleanup_free_ char *folder = str_ndup(path, (size_t)(strrchr(path, '/') - path));
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_p(folder, 0700, &err), &err);
	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

/* An empty home without credentials; `settings` is the text of the settings' file. */
static void start(struct fixture *x, const char *settings)
{
	static const char *const unset[] = {"AWS_ACCESS_KEY_ID",
					    "AWS_SECRET_ACCESS_KEY",
					    "AWS_SESSION_TOKEN",
					    "AWS_PROFILE",
					    "AWS_REGION",
					    "AWS_DEFAULT_REGION",
					    "AWS_ENDPOINT_URL",
					    "AWS_ENDPOINT_URL_S3",
					    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
					    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
					    "AWS_WEB_IDENTITY_TOKEN_FILE"};

	for (size_t i = 0; i < ARRAY_LEN(unset); i++)
		unsetenv(unset[i]);
	x->dir = test_dir();
	set_path(x, "HOME", "home");
	set_path(x, "AWS_SHARED_CREDENTIALS_FILE", "aws/credentials");
	set_path(x, "AWS_CONFIG_FILE", "aws/config");
	set_path(x, "XDG_CONFIG_HOME", "config");
	set_path(x, "XDG_DATA_HOME", "data");
	set_path(x, "XDG_STATE_HOME", "state");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	put(x, "config/splice-kernel/config", settings);
	x->call = (struct files_call){.notice = hear, .userdata = x};
	if (config_load(&x->config, &x->err) < 0 || files_new(x->config, &x->files, &x->err) < 0)
		abort();
}

static void stop(struct fixture *x)
{
	_cleanup_free_ char *command = str_fmt("rm -rf %s", x->dir);

	files_free(x->files);
	config_free(x->config);
	strv_release(&x->notices);
	if (system(command) != 0)
		abort();
}

#define _cleanup_fixture_ _cleanup_(stop)

/* The whole file through a small window, or the error's code. */
static int slurp(struct fixture *x, const char *url, struct buf *out, size_t window)
{
	_cleanup_(files_reader_freep) struct files_reader *r = NULL;
	int code;

	err_clear(&x->err);
	buf_clear(out);
	code = files_open(x->files, url, &x->call, &r, &x->err);
	while (code == 0) {
		uint8_t *dst = buf_reserve(out, window);
		size_t n = 0;

		if (!dst)
			abort();
		code = files_reader_read(r, dst, window, &n, &x->err);
		if (code < 0 || n == 0)
			break;
		buf_commit(out, n);
	}
	if (code == 0)
		CHECK_INT(files_reader_size(r), out->len);
	return code;
}

static void check_text(struct fixture *x, const char *url, const char *text)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	CHECK_OK(slurp(x, url, &b, 3), &x->err);
	CHECK_MEM(b.data, b.len, text, strlen(text));
}

static void check_fails(struct fixture *x, const char *url, int code, const char *says)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	CHECK_INT(slurp(x, url, &b, 100), code);
	CHECK(strstr(x->err.text, says));
	if (!strstr(x->err.text, says))
		printf("# %s\n", x->err.text);
}

TEST(local_paths_in_every_spelling)
{
	_cleanup_fixture_ struct fixture x = {0};
	static const char *const before[] = {"", "file://", "file:", "FILE://localhost"};

	start(&x, "");
	put(&x, "a b%20", "text");
	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		_cleanup_free_ char *url = str_fmt("%s%s/a b%%20", before[i], x.dir);

		check_text(&x, url, "text");
	}
	put(&x, "home/f", "home");
	check_text(&x, "~/f", "home");
	REQUIRE(chdir(x.dir) == 0);
	check_text(&x, "home/f", "home");
	REQUIRE(chdir("/") == 0);
}

TEST(bad_urls_are_told)
{
	_cleanup_fixture_ struct fixture x = {0};

	start(&x, "");
	check_fails(&x, "hdfs://x/y", E_INPUT, "hdfs:// addresses are not read");
	check_fails(&x, "file://host/x", E_INPUT, "absolute path");
	check_fails(&x, "file:x", E_INPUT, "absolute path");
	check_fails(&x, "", E_INPUT, "empty");
	check_fails(&x, "s3a://", E_INPUT, "no bucket's name");
	check_fails(&x, "s3a:///k", E_INPUT, "no bucket's name");
	check_fails(&x, "s3a://../k", E_INPUT, "no bucket's name");
	check_fails(&x, "s3a://a b/k", E_INPUT, "no bucket's name");
	check_fails(&x, "/nonexistent/x", E_NOTFOUND, "/nonexistent/x: there is no such file");
	check_fails(&x, x.dir, E_INPUT, "folder");
}

TEST(without_credentials_a_bucket_is_a_folder)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_free_ char *folder = NULL;

	start(&x, "");
	check_fails(&x, "s3a://splice-demo/k/a.csv", E_NOTFOUND,
		    "s3a://splice-demo/k/a.csv: there");
	CHECK(strstr(x.err.hint, "data/splice-kernel/buckets/splice-demo/k/a.csv"));
	REQUIRE(x.notices.len == 1);
	CHECK(str_starts(x.notices.items[0],
			 "no AWS credentials: s3a://splice-demo is the folder "));
	put(&x, "data/splice-kernel/buckets/splice-demo/k/a.csv", "1,2\n");
	check_text(&x, "s3a://splice-demo/k/a.csv", "1,2\n");
	check_text(&x, "s3://splice-demo/k//a.csv", "1,2\n");
	CHECK_INT(x.notices.len, 1);
	REQUIRE_OK(files_bucket_folder(x.files, "splice-demo", NULL, &folder, &x.err), &x.err);
	CHECK(str_ends_ci(folder, "data/splice-kernel/buckets/splice-demo"));
}

TEST(keys_stay_in_their_bucket)
{
	static const char *const keys[] = {"s3a://b/../c/x", "s3a://b/a/../../x", "s3a://b/..",
					   "s3a://b/a/.."};
	_cleanup_fixture_ struct fixture x = {0};

	start(&x, "");
	put(&x, "data/splice-kernel/buckets/c/x", "secret");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		check_fails(&x, keys[i], E_INPUT, "leads out of its bucket");
	put(&x, "data/splice-kernel/buckets/b/..x", "fine");
	check_text(&x, "s3a://b/..x", "fine");
}

TEST(settings_name_folders_of_buckets)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_free_ char *path = NULL;

	start(&x, "[bucket]\nmine = ~/mine\n");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
	put(&x, "home/mine/k", "here");
	check_text(&x, "s3a://mine/k", "here");
	REQUIRE_OK(files_local_path(x.files, "s3a://other/k", &x.call, &path, &x.err), &x.err);
	CHECK(!path);
	REQUIRE_OK(files_local_path(x.files, "s3a://mine/k", &x.call, &path, &x.err), &x.err);
	CHECK(path && str_ends_ci(path, "/home/mine/k"));
}

TEST(unusable_credentials_do_not_make_folders)
{
	_cleanup_fixture_ struct fixture x = {0};

	start(&x, "");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	check_fails(&x, "s3a://b/k", E_INPUT, "AWS_SECRET_ACCESS_KEY is not");
	CHECK_INT(x.notices.len, 0);
}

static void check_writes(struct fixture *x, const char *url, enum files_mode mode)
{
	_cleanup_(files_writer_freep) struct files_writer *w = NULL;

	REQUIRE_OK(files_create(x->files, url, mode, &x->call, &w, &x->err), &x->err);
	CHECK_OK(files_writer_write(w, "ab", 2, &x->err), &x->err);
	CHECK_OK(files_writer_write(w, "", 0, &x->err), &x->err);
	CHECK_OK(files_writer_write(w, "c", 1, &x->err), &x->err);
	CHECK_OK(files_writer_finish(w, &x->err), &x->err);
	check_text(x, url, "abc");
}

static size_t count(struct fixture *x, const char *url)
{
	_cleanup_(files_list_release) struct files_list l = {0};

	CHECK_OK(files_list(x->files, url, &x->call, &l, &x->err), &x->err);
	return l.len;
}

TEST(whole_files_show_up_at_the_end_only)
{
	_cleanup_fixture_ struct fixture x = {0};
	struct files_writer *w = NULL;

	start(&x, "");
	check_writes(&x, "s3a://b/new/folder/f", FILES_WHOLE);
	check_writes(&x, "s3a://b/new/folder/f", FILES_WHOLE);
	REQUIRE_OK(files_create(x.files, "s3a://b/new/folder/f", FILES_WHOLE, NULL, &w, &x.err),
		   &x.err);
	CHECK_OK(files_writer_write(w, "zzz", 3, &x.err), &x.err);
	check_text(&x, "s3a://b/new/folder/f", "abc");
	files_writer_free(w);
	check_text(&x, "s3a://b/new/folder/f", "abc");
	CHECK_INT(count(&x, "s3a://b/new/folder"), 1);
}

TEST(logs_are_there_as_they_grow)
{
	_cleanup_fixture_ struct fixture x = {0};
	struct files_writer *w = NULL, *again = NULL;

	start(&x, "");
	check_writes(&x, "s3a://b/l", FILES_LOG);
	CHECK_INT(files_create(x.files, "s3a://b/l", FILES_LOG, NULL, &again, &x.err), E_EXISTS);
	REQUIRE_OK(files_create(x.files, "s3a://b/m", FILES_LOG, NULL, &w, &x.err), &x.err);
	CHECK_OK(files_writer_write(w, "bad", 3, &x.err), &x.err);
	check_text(&x, "s3a://b/m", "bad");
	files_writer_free(w);
	check_text(&x, "s3a://b/m", "bad");
}

TEST(a_failed_writer_stays_failed)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_(files_writer_freep) struct files_writer *w = NULL;
	_cleanup_free_ char *path = NULL;
	struct rlimit before, small;
	struct err again = ERR_INIT;

	start(&x, "");
	path = str_fmt("%s/log", x.dir);
	CHECK_INT(files_create(x.files, x.dir, FILES_WHOLE, NULL, &w, &x.err), E_INPUT);
	REQUIRE_OK(files_create(x.files, path, FILES_LOG, NULL, &w, &x.err), &x.err);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
	small = before;
	small.rlim_cur = 4;
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK_INT(files_writer_write(w, "123456", 6, &x.err), E_IO);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
	CHECK_INT(files_writer_write(w, "7", 1, &again), E_IO);
	CHECK_INT(files_writer_finish(w, &again), E_IO);
	CHECK_STR(again.text, x.err.text);
	check_text(&x, path, "1234");
}

TEST(folders_are_listed_and_told_apart)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_(files_list_release) struct files_list l = {0}, one = {0};
	int64_t size = 0;
	bool folder = false;

	start(&x, "");
	put(&x, "data/splice-kernel/buckets/b/d/z", "12345");
	put(&x, "data/splice-kernel/buckets/b/d/a/x", "1");
	put(&x, "data/splice-kernel/buckets/b/d/B", "");
	REQUIRE_OK(files_list(x.files, "s3a://b/d", &x.call, &l, &x.err), &x.err);
	REQUIRE(l.len == 3);
	CHECK_STR(l.items[0].name, "B");
	CHECK_STR(l.items[1].url, "s3a://b/d/a");
	CHECK(l.items[1].folder && !l.items[2].folder);
	CHECK_INT(l.items[2].size, 5);
	REQUIRE_OK(files_list(x.files, "s3a://b/d/z", &x.call, &one, &x.err), &x.err);
	REQUIRE(one.len == 1);
	CHECK_STR(one.items[0].url, "s3a://b/d/z");
	CHECK_STR(one.items[0].name, "z");
	CHECK_OK(files_stat(x.files, "s3a://b/d/z", NULL, &size, &folder, &x.err), &x.err);
	CHECK(size == 5 && !folder);
	CHECK_OK(files_stat(x.files, "s3a://b/d", NULL, NULL, &folder, &x.err), &x.err);
	CHECK(folder);
	CHECK_INT(files_stat(x.files, "s3a://b/no", NULL, NULL, NULL, &x.err), E_NOTFOUND);
}

TEST(pipes_are_read_and_interrupted)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_(files_reader_freep) struct files_reader *r = NULL;
	_cleanup_free_ char *path = NULL;
	struct cancel c;
	char byte;
	size_t n = 0;

	start(&x, "");
	path = str_fmt("%s/pipe", x.dir);
	REQUIRE(mkfifo(path, 0600) == 0);
	REQUIRE_OK(cancel_init(&c, &x.err), &x.err);
	x.call.cancel = &c;
	REQUIRE_OK(files_open(x.files, path, &x.call, &r, &x.err), &x.err);
	CHECK_INT(files_reader_size(r), -1);
	cancel_fire(&c);
	CHECK_INT(files_reader_read(r, &byte, 1, &n, &x.err), E_CANCEL);
	cancel_release(&c);
}

/* --- S3: one object, read by ranges --- */

enum { OBJECT = 18 << 20 };

struct object {
	struct fixture x;
	struct fake_http *server;
	uint8_t *bytes;
	size_t size;
	int break_at; /* request that is cut; -1 for none */
	int fail_at;  /* request that finds another object; -1 for none */
	int put_status;
	struct buf got;
};

static void serve(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct object *o = userdata;
	const char *range = str_find_ci(req->headers, "Range: bytes=");
	unsigned long first = 0, last = o->size - 1;

	if (str_eq(req->method, "PUT")) {
		reply->status = o->put_status;
		buf_clear(&o->got);
		buf_put(&o->got, req->body.data, req->body.len);
		return;
	}
	if (!strstr(req->target, "/b/k") || (int)req->index == o->fail_at) {
		reply->status = str_eq(req->target, "/b") ? 200 : 412;
		if (!strstr(req->target, "/b/k") && !str_eq(req->target, "/b"))
			reply->status = 404;
		return;
	}
	if (!range || sscanf(range, "Range: bytes=%lu-%lu", &first, &last) != 2)
		abort();
	if (last >= o->size)
		last = o->size - 1;
	reply->status = 206;
	if ((int)req->index == o->break_at) {
		reply->fault = FAKE_HALF;
		reply->cut = 100000;
	}
	snprintf(reply->headers, sizeof(reply->headers),
		 "ETag: \"e\"\r\nContent-Range: bytes %lu-%lu/%zu\r\n", first, last, o->size);
	buf_put(&reply->body, o->bytes + first, last - first + 1);
}

static void object_start(struct object *o, size_t size)
{
	start(&o->x, "");
	o->size = size;
	o->break_at = o->fail_at = -1;
	o->bytes = malloc(size);
	if (!o->bytes)
		abort();
	for (size_t i = 0; i < size; i++)
		o->bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	buf_init(&o->got, MIB(64));
	o->server = fake_http_start(serve, o);
	if (!o->server)
		abort();
	setenv("AWS_ENDPOINT_URL_S3", fake_http_url(o->server), 1);
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
}

static void object_stop(struct object *o)
{
	fake_http_stop(o->server);
	free(o->bytes);
	buf_release(&o->got);
	stop(&o->x);
}

#define _cleanup_object_ _cleanup_(object_stop)

static int slurp_object(struct object *o, struct buf *out)
{
	buf_init(out, MIB(64));
	return slurp(&o->x, "s3a://b/k", out, 70001);
}

TEST(large_object_comes_in_parts)
{
	_cleanup_object_ struct object o = {0};
	_cleanup_buf_ struct buf b = {0};

	object_start(&o, OBJECT);
	o.break_at = 2;
	CHECK_OK(slurp_object(&o, &b), &o.x.err);
	CHECK_INT(b.len, OBJECT);
	CHECK(b.len == OBJECT && memcmp(b.data, o.bytes, OBJECT) == 0);
	/* 1 MB, 8 MB, 8 MB cut and taken up, 1 MB */
	CHECK_INT(fake_http_requests(o.server), 5);
}

TEST(small_object_is_one_request)
{
	_cleanup_object_ struct object o = {0};
	_cleanup_buf_ struct buf b = {0};

	object_start(&o, 1000);
	CHECK_OK(slurp_object(&o, &b), &o.x.err);
	CHECK_MEM(b.data, b.len, o.bytes, (size_t)1000);
	CHECK_INT(fake_http_requests(o.server), 1);
}

TEST(object_replaced_under_way_fails_for_good)
{
	_cleanup_object_ struct object o = {0};
	_cleanup_(files_reader_freep) struct files_reader *r = NULL;
	_cleanup_buf_ struct buf b;
	int code = 0;

	buf_init(&b, MIB(4));
	object_start(&o, OBJECT);
	o.fail_at = 2;
	REQUIRE_OK(files_open(o.x.files, "s3a://b/k", NULL, &r, &o.x.err), &o.x.err);
	for (size_t n = 1; code == 0 && n > 0;)
		code = files_reader_read(r, buf_reserve(&b, MIB(4)), MIB(4), &n, &o.x.err);
	CHECK_INT(code, E_IO);
	CHECK_STR(o.x.err.name, "PreconditionFailed");
	CHECK(str_starts(o.x.err.text, "s3a://b/k: "));
	for (int i = 0; i < 2; i++) {
		size_t n = 0;

		err_clear(&o.x.err);
		CHECK_INT(files_reader_read(r, b.data, 100, &n, &o.x.err), E_IO);
	}
}

TEST(reader_freed_early_ends_its_thread)
{
	_cleanup_object_ struct object o = {0};
	int64_t before;

	object_start(&o, OBJECT);
	before = clock_ms();
	for (int i = 0; i < 5; i++) {
		_cleanup_(files_reader_freep) struct files_reader *r = NULL;

		CHECK_OK(files_open(o.x.files, "s3a://b/k", NULL, &r, &o.x.err), &o.x.err);
	}
	CHECK(clock_ms() - before < 5000);
}

TEST(log_that_s3_refuses_is_kept)
{
	_cleanup_object_ struct object o = {.put_status = 403};
	struct files_writer *w = NULL;
	struct err again = ERR_INIT;
	_cleanup_buf_ struct buf kept = {0};
	_cleanup_free_ char *path = NULL;

	object_start(&o, 10);
	REQUIRE_OK(files_create(o.x.files, "s3a://b/log/x.bad", FILES_LOG, NULL, &w, &o.x.err),
		   &o.x.err);
	CHECK_OK(files_writer_write(w, "bad row\n", 8, &o.x.err), &o.x.err);
	CHECK_INT(files_writer_finish(w, &o.x.err), E_AUTH);
	CHECK_INT(files_writer_write(w, "more", 4, &again), E_AUTH);
	CHECK_STR(again.text, o.x.err.text);
	files_writer_free(w);
	REQUIRE(strstr(o.x.err.hint, "/state/splice-kernel/uploads/x.bad."));
	path = str_dup(strchr(o.x.err.hint, '/'));
	buf_init(&kept, MIB(1));
	CHECK_OK(fs_read(path, &kept, &o.x.err), &o.x.err);
	CHECK_MEM(kept.data, kept.len, "bad row\n", (size_t)8);
}

TEST(whole_file_goes_up_once)
{
	_cleanup_object_ struct object o = {.put_status = 200};
	struct files_writer *w = NULL;
	_cleanup_free_ char *uploads = NULL;

	object_start(&o, 10);
	uploads = str_fmt("%s/state/splice-kernel/uploads", o.x.dir);
	REQUIRE_OK(files_create(o.x.files, "s3a://b/out", FILES_WHOLE, NULL, &w, &o.x.err),
		   &o.x.err);
	CHECK_OK(files_writer_write(w, "content", 7, &o.x.err), &o.x.err);
	CHECK_OK(files_writer_finish(w, &o.x.err), &o.x.err);
	files_writer_free(w);
	CHECK_MEM(o.got.data, o.got.len, "content", (size_t)7);
	CHECK_INT(count(&o.x, uploads), 0);
}

/* --- what Spark is told --- */

static char *text_of(int (*fn)(struct files *, json_t **, struct err *), struct fixture *x)
{
	json_auto_t *j = NULL;

	CHECK_OK(fn(x->files, &j, &x->err), &x->err);
	return j ? json_text(j) : NULL;
}

TEST(spark_hears_of_folders)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_free_ char *buckets = NULL, *conf = NULL, *expected = NULL;

	start(&x, "[bucket]\nmine = ~/mine\n");
	put(&x, "data/splice-kernel/buckets/old/k", "");
	buckets = text_of(files_buckets, &x);
	expected = str_fmt(
		"{\"any\":\"%s/data/splice-kernel/buckets\",\"folders\":"
		"{\"mine\":\"%s/home/mine\",\"old\":\"%s/data/splice-kernel/buckets/old\"}}",
		x.dir, x.dir, x.dir);
	CHECK_STR(buckets, expected);
	conf = text_of(files_spark_conf, &x);
	CHECK_STR(conf, "{}");
}

TEST(spark_hears_of_an_endpoint)
{
	_cleanup_fixture_ struct fixture x = {0};
	_cleanup_free_ char *buckets = NULL, *conf = NULL;

	start(&x, "");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9", 1);
	buckets = text_of(files_buckets, &x);
	CHECK_STR(buckets, "{\"any\":null,\"folders\":{}}");
	conf = text_of(files_spark_conf, &x);
	CHECK_STR(conf, "{\"spark.hadoop.fs.s3.impl\":\"org.apache.hadoop.fs.s3a.S3AFileSystem\","
			"\"spark.hadoop.fs.s3a.aws.credentials.provider\":"
			"\"software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider\","
			"\"spark.hadoop.fs.s3a.connection.ssl.enabled\":\"false\","
			"\"spark.hadoop.fs.s3a.endpoint\":\"http://127.0.0.1:9\","
			"\"spark.hadoop.fs.s3a.endpoint.region\":\"eu-west-1\","
			"\"spark.hadoop.fs.s3a.path.style.access\":\"true\"}");
}

TEST_MAIN()
