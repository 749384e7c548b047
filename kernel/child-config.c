/* The files that the child starts with: how it is reached, and what it should know. */
#include "kernel/child-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "notebook/files.h"

#include <string.h>

char *child_file_path(const char *dir, enum child_file file)
{
	static const char *const names[] = {
		[CHILD_CONNECTION_FILE] = "connection.json", [CHILD_CONFIG_FILE] = "child.json"};

	return str_fmt("%s/%s", dir, names[file]);
}

int child_connection(const char *dir, const char *key, struct jupyter_connection *ret,
		     struct err *err)
{
	struct jupyter_connection c = {.ports = {1, 2, 3, 4, 5}};

	c.transport = str_dup("ipc");
	c.ip = str_fmt("%s/c", dir);
	c.key = str_dup(key);
	if (!c.transport || !c.ip || !c.key) {
		jupyter_connection_release(&c);
		return err_nomem(err);
	}
	*ret = c;
	return 0;
}

json_t *child_files_args(const struct kernel *k)
{
	const struct child *c = k->child;

	return json_pack("{ss ss ss ss}", "dir", c->dir, "key", c->connection.key, "bridge",
			 bridge_endpoint(k->bridge), "secret", bridge_secret(k->bridge));
}

static void add_conf(const char *name, const char *value, void *userdata)
{
	(void)json_object_set_new(userdata, name, json_strz(value));
}

/* Settings of ours and of the buckets; the user's spark.conf.* win. */
static int spark_conf(const struct notebook *nb, json_t **ret, struct err *err)
{
	const struct config *config = nb->config;
	json_t *conf = NULL;
	int r = files_spark_conf(nb->files, &conf, err);

	if (r < 0)
		return r;
	add_conf("spark.driver.memory", config_get(config, "spark.memory"), conf);
	config_each(config, "spark.conf.", add_conf, conf);
	*ret = conf;
	return 0;
}

/* The file that SPLICE_CHILD names (docs/BRIDGE.md, "Start"). */
static int write_config(const struct notebook *nb, const json_t *args, const char *dir,
			struct err *err)
{
	_cleanup_free_ char *path = child_file_path(dir, CHILD_CONFIG_FILE);
	_cleanup_free_ char *lib = NULL, *text = NULL;
	json_auto_t *conf = NULL, *buckets = NULL, *j = NULL;
	bool division = false;
	int r = path ? fs_place(PLACE_LIB, NULL, &lib, err) : err_nomem(err);

	if (r == 0)
		r = config_get_bool(nb->config, "python2_division", &division, err);
	if (r == 0)
		r = spark_conf(nb, &conf, err);
	if (r == 0)
		r = files_buckets(nb->files, &buckets, err);
	if (r < 0)
		return r;
	j = json_pack("{sO sO so s{ss sO} sO sb so}", "bridge", json_object_get(args, "bridge"),
		      "secret", json_object_get(args, "secret"), "lib_dir", json_strz(lib), "spark",
		      "master", config_get(nb->config, "spark.master"), "conf", conf, "buckets",
		      buckets, "python2_division", division, "notebook", json_strz(nb->path));
	text = j ? json_text(j) : NULL;
	return text ? fs_write_atomic(path, text, strlen(text), 0600, err) : err_nomem(err);
}

static int write_connection(const char *dir, const char *key, struct err *err)
{
	_cleanup_free_ char *path = child_file_path(dir, CHILD_CONNECTION_FILE);
	struct jupyter_connection conn;
	int r = path ? child_connection(dir, key, &conn, err) : err_nomem(err);

	if (r < 0)
		return r;
	r = jupyter_connection_write(path, &conn, err);
	jupyter_connection_release(&conn);
	return r;
}

int child_write_files(struct bridge_call *call, json_t **ret, struct err *err)
{
	const char *dir = json_get_str(call->args, "dir", "");
	int r = write_connection(dir, json_get_str(call->args, "key", ""), err);

	(void)ret; /* the files are the result */
	return r < 0 ? r : write_config(call->nb, call->args, dir, err);
}
