/* The file that tells the child where it is (docs/BRIDGE.md, "Start"). */
#include "kernel/child-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "notebook/files.h"

#include <string.h>

static void add_conf(const char *name, const char *value, void *userdata)
{
	(void)json_object_set_new(userdata, name, json_strz(value));
}

/* Settings of ours and of the buckets; the user's spark.conf.* win. */
static int spark_conf(const struct kernel *k, json_t **ret, struct err *err)
{
	const struct config *config = k->nb->config;
	json_t *conf = NULL;
	int r = files_spark_conf(k->nb->files, &conf, err);

	if (r < 0)
		return r;
	add_conf("spark.driver.memory", config_get(config, "spark.memory"), conf);
	config_each(config, "spark.conf.", add_conf, conf);
	*ret = conf;
	return 0;
}

int child_config_write(const struct kernel *k, const char *path, struct err *err)
{
	const struct config *config = k->nb->config;
	_cleanup_free_ char *lib = NULL, *text = NULL;
	json_auto_t *conf = NULL, *buckets = NULL, *j = NULL;
	bool division = false;
	int r = fs_place(PLACE_LIB, NULL, &lib, err);

	if (r == 0)
		r = config_get_bool(config, "python2_division", &division, err);
	if (r == 0)
		r = spark_conf(k, &conf, err);
	if (r == 0)
		r = files_buckets(k->nb->files, &buckets, err);
	if (r < 0)
		return r;
	j = json_pack("{ss ss so s{ss sO} sO sb so}", "bridge", bridge_endpoint(k->bridge),
		      "secret", bridge_secret(k->bridge), "lib_dir", json_strz(lib), "spark",
		      "master", config_get(config, "spark.master"), "conf", conf, "buckets",
		      buckets, "python2_division", division, "notebook", json_strz(k->nb->path));
	text = j ? json_text(j) : NULL;
	return text ? fs_write_atomic(path, text, strlen(text), 0600, err) : err_nomem(err);
}
