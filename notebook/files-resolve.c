/* What a URL means: buckets that are folders, credentials, and spellings of paths. */
#include "notebook/files-int.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"

#include <pthread.h>
#include <string.h>

enum { RENEW_S = 300 }; /* keys are fetched anew this long before they expire */

struct files {
	const struct config *config;
	pthread_mutex_t lock;           /* guards what follows */
	bool no_instance;               /* asked once: this machine is no AWS instance */
	struct aws_credentials fetched; /* of a container or instance */
};

int files_new(const struct config *config, struct files **ret, struct err *err)
{
	struct files *f = calloc(1, sizeof(*f));

	if (!f)
		return err_nomem(err);
	f->config = config;
	(void)pthread_mutex_init(&f->lock, NULL);
	*ret = f;
	return 0;
}

void files_free(struct files *f)
{
	if (!f)
		return;
	aws_credentials_release(&f->fetched);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

const struct config *files_config(const struct files *f)
{
	return f->config;
}

void target_release(struct target *t)
{
	free(t->path);
	free(t->bucket);
	free(t->key);
	aws_credentials_release(&t->credentials);
	*t = (struct target){0};
}

/* --- credentials --- */

static int find_credentials(struct files *f, struct cancel *cancel, struct aws_credentials *ret,
			    struct err *err)
{
	unsigned flags = f->no_instance ? AWS_FIND_NO_INSTANCE : 0;
	int r;

	if (f->fetched.access_key && f->fetched.expires - RENEW_S > clock_wall_ms() / 1000)
		return aws_credentials_copy(&f->fetched, ret, err);
	aws_credentials_release(&f->fetched);
	r = aws_credentials_find(flags, cancel, ret, err);
	f->no_instance |= r == E_NOTFOUND;
	if (r == 0 && ret->expires) {
		r = aws_credentials_copy(ret, &f->fetched, err);
		if (r < 0)
			aws_credentials_release(ret);
	}
	return r;
}

int files_credentials(struct files *f, struct cancel *cancel, struct aws_credentials *ret,
		      struct err *err)
{
	int r;

	pthread_mutex_lock(&f->lock);
	r = find_credentials(f, cancel, ret, err);
	pthread_mutex_unlock(&f->lock);
	return r;
}

/* --- buckets --- */

static char *expand_home(const char *path)
{
	const char *home = getenv("HOME");

	if (str_starts(path, "~/") && home && *home)
		return str_fmt("%s%s", home, path + 1);
	return str_dup(path);
}

/* Also a folder's name and part of a setting's name, so nothing else may be in it. */
static int check_bucket(const char *bucket, struct err *err)
{
	size_t n = strlen(bucket);
	size_t good = strspn(bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-");

	if (n >= 1 && n <= 255 && good == n && bucket[0] != '.')
		return 0;
	(void)err_set(err, E_INPUT, "\"%s\" is no bucket's name", bucket);
	err_set_hint(err, "write s3a://BUCKET/KEY; a name has letters, digits, dots and hyphens");
	return E_INPUT;
}

static void notify(const struct files_call *call, const char *bucket, const char *folder,
		   const char *why)
{
	_cleanup_free_ char *text = NULL;

	if (!call || !call->notice)
		return;
	text = str_fmt("%s: s3a://%s is the folder %s", why, bucket, folder);
	if (text)
		call->notice(call->userdata, text);
}

static int make_bucket(const char *bucket, const char *folder, const char *why,
		       const struct files_call *call, struct err *err)
{
	bool there = fs_is_dir(folder);
	int r = there ? 0 : fs_mkdir_p(folder, 0700, err);

	if (r < 0)
		return err_prefix(err, "bucket %s", bucket);
	if (!there)
		notify(call, bucket, folder, why);
	return 0;
}

/* The folder of a bucket that the settings name; NULL when they do not. */
static int configured_folder(const struct files *f, const char *bucket, char **ret, struct err *err)
{
	_cleanup_free_ char *name = str_fmt("bucket.%s", bucket);
	const char *folder = name ? config_get(f->config, name) : NULL;

	*ret = folder && *folder ? expand_home(folder) : NULL;
	return name && (!folder || !*folder || *ret) ? 0 : err_nomem(err);
}

/* The folder, or NULL and the credentials to use. */
static int resolve_bucket(struct files *f, const char *bucket, const struct files_call *call,
			  char **ret_folder, struct aws_credentials *ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL, *below = NULL;
	int r = check_bucket(bucket, err);

	if (r == 0)
		r = configured_folder(f, bucket, &folder, err);
	if (r < 0)
		return r;
	if (folder) {
		r = make_bucket(bucket, folder, "made a folder", call, err);
	} else {
		r = files_credentials(f, files_call_cancel(call), ret, err);
		if (r != E_NOTFOUND)
			return r;
		err_clear(err);
		below = str_fmt("buckets/%s", bucket);
		r = below ? fs_place(PLACE_DATA, below, &folder, err) : err_nomem(err);
		if (r == 0)
			r = make_bucket(bucket, folder, "no AWS credentials", call, err);
	}
	if (r == 0)
		*ret_folder = TAKE(folder);
	return r;
}

int files_bucket_folder(struct files *f, const char *bucket, const struct files_call *call,
			char **ret, struct err *err)
{
	_cleanup_credentials_ struct aws_credentials credentials = {0};

	*ret = NULL;
	return resolve_bucket(f, bucket, call, ret, &credentials, err);
}

/* --- URLs --- */

/* No part of a key may lead out of the bucket's folder. */
static int check_key(const char *key, struct err *err)
{
	for (const char *p = key; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && strncmp(p, "..", 2) == 0)
			return err_set(err, E_INPUT, "the key leads out of its bucket");
		p += n + (p[n] == '/');
	}
	return 0;
}

static int resolve_s3(struct files *f, const char *rest, const struct files_call *call,
		      struct target *t, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	size_t n = strcspn(rest, "/");
	const char *key = rest + n + (rest[n] == '/');
	int r;

	t->bucket = str_ndup(rest, n);
	t->key = str_dup(key);
	if (!t->bucket || !t->key)
		return err_nomem(err);
	r = resolve_bucket(f, t->bucket, call, &folder, &t->credentials, err);
	if (r < 0 || !folder)
		return r;
	r = check_key(key, err);
	if (r < 0)
		return r;
	t->path = *key ? str_fmt("%s/%s", folder, key) : TAKE(folder);
	return t->path ? 0 : err_nomem(err);
}

/* Length of "scheme" in scheme://…; 0 when the text is a path. */
static size_t scheme_length(const char *url)
{
	size_t n = 0;

	while (str_is_alpha(url[n]) || (n && (str_is_digit(url[n]) || strchr("+.-", url[n]))))
		if (!url[n++])
			return 0;
	return n && str_starts(url + n, "://") ? n : 0;
}

static int resolve_path(const char *path, struct target *t, struct err *err)
{
	if (!*path)
		return err_set(err, E_INPUT, "the file's name is empty");
	t->path = expand_home(path);
	return t->path ? 0 : err_nomem(err);
}

/* file:/x, file:///x and file://localhost/x; the path stands as it is, as in Hadoop. */
static int resolve_file(const char *rest, struct target *t, struct err *err)
{
	if (str_starts(rest, "//localhost/"))
		rest += strlen("//localhost");
	else if (str_starts(rest, "///"))
		rest += 2;
	if (rest[0] != '/' || rest[1] == '/') {
		(void)err_set(err, E_INPUT, "a file: address has an absolute path");
		err_set_hint(err, "write file:///folder/file, or the path alone");
		return E_INPUT;
	}
	return resolve_path(rest, t, err);
}

static int resolve(struct files *f, const char *url, const struct files_call *call,
		   struct target *t, struct err *err)
{
	static const char *const s3[] = {"s3a://", "s3://", "s3n://"};
	size_t n = scheme_length(url);

	for (size_t i = 0; i < ARRAY_LEN(s3); i++)
		if (str_starts_ci(url, s3[i]))
			return resolve_s3(f, url + strlen(s3[i]), call, t, err);
	if (str_starts_ci(url, "file:"))
		return resolve_file(url + strlen("file:"), t, err);
	if (!n)
		return resolve_path(url, t, err);
	(void)err_set(err, E_INPUT, "%.*s:// addresses are not read", (int)n, url);
	err_set_hint(err, "use a local path, file:///, s3:// or s3a://");
	return E_INPUT;
}

int files_resolve(struct files *f, const char *url, const struct files_call *call,
		  struct target *ret, struct err *err)
{
	_cleanup_target_ struct target t = {0};
	int r = resolve(f, url, call, &t, err);

	if (r < 0)
		return err_prefix(err, "%s", url);
	*ret = t;
	t = (struct target){0};
	return 0;
}
