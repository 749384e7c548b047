/* Buckets as Spark's side of a notebook needs to hear of them. */
#include "notebook/files-int.h"

#include "base/fs.h"
#include "base/str.h"

#include <string.h>

#define S3A "spark.hadoop.fs.s3a."

/* What is wrong with credentials is told when S3 is used, not to a cell that needs none. */
static int have_credentials(struct files *f, bool *ret, struct err *err)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	int r = files_credentials(f, NULL, &c, err);

	if (r == E_NOMEM)
		return r;
	err_clear(err);
	*ret = r != E_NOTFOUND;
	return 0;
}

/* --- folders --- */

struct folders {
	struct files *files;
	json_t *object;
	int failed;
	struct err *err;
};

static void add_configured(const char *bucket, const char *value, void *userdata)
{
	struct folders *folders = userdata;
	_cleanup_free_ char *folder = NULL;

	(void)value;
	if (folders->failed)
		return;
	folders->failed = files_bucket_folder(folders->files, bucket, NULL, &folder, folders->err);
	if (folders->failed == 0 && folder &&
	    json_object_set_new(folders->object, bucket, json_strz(folder)) < 0)
		folders->failed = err_nomem(folders->err);
}

/* Every bucket that was a folder before is linked from the start. */
static int add_existing(const char *any, json_t *object, struct err *err)
{
	_cleanup_(files_list_release) struct files_list l = {0};
	int r = fs_mkdir_p(any, 0700, err);

	if (r == 0)
		r = files_local_list(any, any, &l, err);
	for (size_t i = 0; r == 0 && i < l.len; i++)
		if (l.items[i].folder && !json_object_get(object, l.items[i].name) &&
		    json_object_set_new(object, l.items[i].name, json_strz(l.items[i].url)) < 0)
			r = err_nomem(err);
	return r;
}

int files_buckets(struct files *f, json_t **ret, struct err *err)
{
	json_auto_t *object = json_object();
	struct folders folders = {.files = f, .object = object, .err = err};
	_cleanup_free_ char *any = NULL;
	bool credentials = false;
	int r;

	if (!object)
		return err_nomem(err);
	config_each(files_config(f), "bucket.", add_configured, &folders);
	r = folders.failed ? folders.failed : have_credentials(f, &credentials, err);
	if (r == 0 && !credentials)
		r = fs_place(PLACE_DATA, "buckets", &any, err);
	if (r == 0 && any)
		r = add_existing(any, object, err);
	if (r < 0)
		return r;
	*ret = json_pack("{sO so}", "folders", object, "any", json_strz(any));
	return *ret ? 0 : err_nomem(err);
}

/* --- S3A --- */

static int set(json_t *conf, const char *name, const char *value, struct err *err)
{
	return json_object_set_new(conf, name, json_strz(value)) < 0 ? err_nomem(err) : 0;
}

static int add_endpoint(json_t *conf, struct err *err)
{
	_cleanup_free_ char *endpoint = NULL;
	int r = aws_endpoint("S3", &endpoint, err);

	if (r < 0 || !endpoint)
		return r;
	r = set(conf, S3A "endpoint", endpoint, err);
	if (r == 0)
		r = set(conf, S3A "path.style.access", "true", err);
	if (r == 0)
		r = set(conf, S3A "connection.ssl.enabled",
			str_starts_ci(endpoint, "https:") ? "true" : "false", err);
	return r;
}

static int has_folders(struct files *f, bool *ret, struct err *err)
{
	json_auto_t *buckets = NULL;
	json_t *folders, *any;
	int r = files_buckets(f, &buckets, err);

	if (r < 0)
		return r;
	if (json_unpack(buckets, "{so so}", "folders", &folders, "any", &any) < 0)
		return err_nomem(err);
	*ret = !json_is_null(any) || json_object_size(folders) > 0;
	return 0;
}

int files_spark_conf(struct files *f, json_t **ret, struct err *err)
{
	json_auto_t *conf = json_object();
	_cleanup_free_ char *region = NULL;
	bool credentials = false, folders = false;
	int r = conf ? have_credentials(f, &credentials, err) : err_nomem(err);

	if (r == 0 && credentials)
		r = aws_region(&region, err);
	if (r == 0 && credentials)
		r = set(conf, S3A "endpoint.region", region, err);
	if (r == 0 && credentials)
		r = set(conf, S3A "aws.credentials.provider",
			"software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider", err);
	if (r == 0 && credentials)
		r = add_endpoint(conf, err);
	if (r == 0)
		r = has_folders(f, &folders, err);
	/* With folders, the child puts its own file system in front of S3A for both schemes. */
	if (r == 0 && !folders)
		r = set(conf, "spark.hadoop.fs.s3.impl", "org.apache.hadoop.fs.s3a.S3AFileSystem",
			err);
	if (r == 0)
		*ret = TAKE(conf);
	return r;
}
