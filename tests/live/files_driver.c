/*
 * notebook/files.h as a program, for tests beside a real server:
 *   files_driver get|list|stat URL        contents, or JSON, to standard output
 *   files_driver put|log URL              standard input to the URL
 *   files_driver create BUCKET            make a bucket on S3
 *   files_driver spark                    {"conf": …, "buckets": …}
 * Notices go to standard error.  An error is {"code", "name", "text", "hint"}
 * there, and status 1.
 */
#include "base/json.h"
#include "base/str.h"
#include "notebook/files.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/s3.h"

#include <stdio.h>
#include <string.h>

enum { WINDOW = 65536 };

static void hear(void *userdata, const char *text)
{
	fprintf(userdata, "%s\n", text);
}

static int print_json(json_t *j, struct err *err)
{
	_cleanup_free_ char *text = json_text(j);

	json_decref(j);
	if (!text)
		return err_nomem(err);
	puts(text);
	return 0;
}

static int get(struct files *f, const char *url, struct err *err)
{
	_cleanup_(files_reader_freep) struct files_reader *reader = NULL;
	struct files_call c = {.notice = hear, .userdata = stderr};
	static char window[WINDOW];
	size_t n = 1;
	int r = files_open(f, url, &c, &reader, err);

	while (r == 0 && n > 0) {
		r = files_reader_read(reader, window, sizeof(window), &n, err);
		if (r == 0 && fwrite(window, 1, n, stdout) != n)
			r = err_set(err, E_IO, "standard output");
	}
	return r;
}

static int write_to(struct files *f, const char *url, enum files_mode mode, struct err *err)
{
	_cleanup_(files_writer_freep) struct files_writer *writer = NULL;
	struct files_call c = {.notice = hear, .userdata = stderr};
	static char window[WINDOW];
	size_t n;
	int r = files_create(f, url, mode, &c, &writer, err);

	while (r == 0 && (n = fread(window, 1, sizeof(window), stdin)) > 0)
		r = files_writer_write(writer, window, n, err);
	return r < 0 ? r : files_writer_finish(writer, err);
}

static int put(struct files *f, const char *url, struct err *err)
{
	return write_to(f, url, FILES_WHOLE, err);
}

static int put_log(struct files *f, const char *url, struct err *err)
{
	return write_to(f, url, FILES_LOG, err);
}

static int list(struct files *f, const char *url, struct err *err)
{
	_cleanup_(files_list_release) struct files_list l = {0};
	struct files_call c = {.notice = hear, .userdata = stderr};
	json_auto_t *names = json_array();
	int r = files_list(f, url, &c, &l, err);

	for (size_t i = 0; r == 0 && i < l.len; i++)
		(void)json_array_append_new(names, json_pack("{ss ss sI sb}", "url", l.items[i].url,
							     "name", l.items[i].name, "size",
							     (json_int_t)l.items[i].size, "folder",
							     l.items[i].folder));
	return r < 0 ? r : print_json(TAKE(names), err);
}

static int tell_stat(struct files *f, const char *url, struct err *err)
{
	int64_t size = 0;
	bool folder = false;
	struct files_call c = {.notice = hear, .userdata = stderr};
	int r = files_stat(f, url, &c, &size, &folder, err);

	return r < 0 ? r
		     : print_json(json_pack("{sI sb}", "size", (json_int_t)size, "folder", folder),
				  err);
}

static int create(struct files *f, const char *bucket, struct err *err)
{
	_cleanup_credentials_ struct aws_credentials keys = {0};
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	_cleanup_free_ char *region = NULL, *endpoint = NULL;
	struct s3_options o = {.credentials = &keys};
	int r = aws_credentials_find(0, NULL, &keys, err);

	(void)f;
	if (r == 0)
		r = aws_region(&region, err);
	if (r == 0)
		r = aws_endpoint("S3", &endpoint, err);
	o.region = region;
	o.endpoint = endpoint;
	if (r == 0)
		r = s3_new(&o, &s3, err);
	return r < 0 ? r : s3_create_bucket(s3, bucket, NULL, err);
}

static int spark(struct files *f, const char *unused, struct err *err)
{
	json_t *conf = NULL, *buckets = NULL;
	int r = files_spark_conf(f, &conf, err);

	(void)unused;
	if (r == 0)
		r = files_buckets(f, &buckets, err);
	if (r < 0) {
		json_decref(conf);
		return r;
	}
	return print_json(json_pack("{so so}", "conf", conf, "buckets", buckets), err);
}

static const struct {
	const char *name;
	int (*run)(struct files *f, const char *url, struct err *err);
} commands[] = {
	{"get", get},        {"put", put},       {"log", put_log}, {"list", list},
	{"stat", tell_stat}, {"create", create}, {"spark", spark},
};

static int run(int argc, char **argv, struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(files_freep) struct files *f = NULL;
	int r = config_load(&config, err);

	if (r == 0)
		r = files_new(config, &f, err);
	for (size_t i = 0; r == 0 && argc >= 2 && i < ARRAY_LEN(commands); i++)
		if (str_eq(argv[1], commands[i].name))
			return commands[i].run(f, argc > 2 ? argv[2] : "", err);
	return r < 0 ? r : err_set(err, E_USAGE, "files_driver COMMAND URL");
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	json_auto_t *j = NULL;
	_cleanup_free_ char *text = NULL;

	if (run(argc, argv, &err) == 0)
		return 0;
	j = json_pack("{ss ss ss ss}", "code", err_code_name(err.code), "name", err.name, "text",
		      err.text, "hint", err.hint);
	text = j ? json_text(j) : NULL;
	fprintf(stderr, "%s\n", text ? text : err.text);
	return 1;
}
