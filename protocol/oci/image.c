/* Configuration and manifests as canonical JSON. */
#include "protocol/oci/image.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"

#include <string.h>

/* A time that says nothing: the time of making would change the digest. */
#define CREATED "1970-01-01T00:00:00Z"

struct media_types {
	const char *manifest, *config, *layer;
};

static const struct media_types docker = {
	OCI_DOCKER_MANIFEST,
	"application/vnd.docker.container.image.v1+json",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
};
static const struct media_types oci = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.oci.image.layer.v1.tar+gzip",
};

void oci_image_release(struct oci_image *i)
{
	free(i->layout);
	free(i->layers);
	free(i->manifest);
	*i = (struct oci_image){0};
}

/* --- configuration --- */

static json_t *texts(const char *const *list)
{
	json_t *array = json_array();

	for (size_t i = 0; list && list[i]; i++)
		if (json_array_append_new(array, json_strz(list[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *labels_json(const struct oci_config *c)
{
	json_t *labels = json_object();
	bool ok = labels;

	for (size_t i = 0; ok && i < c->n_labels; i++)
		if (c->labels[i].value)
			ok = json_object_set_new(labels, c->labels[i].name,
						 json_strz(c->labels[i].value)) == 0;
	if (ok)
		return labels;
	json_decref(labels);
	return NULL;
}

static json_t *ports_json(int port)
{
	char name[32];
	json_t *ports = json_object();

	snprintf(name, sizeof(name), "%d/tcp", port);
	if (port && json_object_set_new(ports, name, json_object()) < 0) {
		json_decref(ports);
		return NULL;
	}
	return ports;
}

/* rootfs.diff_ids and history, one each for every layer. */
static json_t *rootfs_json(const struct oci_layer *layers, size_t n, json_t **ret_history)
{
	json_auto_t *ids = json_array();
	json_auto_t *history = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(ids, json_string(layers[i].diff_id)) < 0 ||
		    json_array_append_new(history, json_pack("{s:s, s:s}", "created", CREATED,
							     "created_by", "splice-kernel")) < 0)
			return NULL;
	*ret_history = json_incref(history);
	return json_pack("{s:s, s:O}", "type", "layers", "diff_ids", ids);
}

/* What is run, by whom, with what. */
static json_t *run_json(const struct oci_config *c)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "User", c->user, "Entrypoint",
			 texts(c->entrypoint), "Cmd", texts(c->cmd), "Env", texts(c->env),
			 "ExposedPorts", ports_json(c->port), "Labels", labels_json(c),
			 "WorkingDir", "/");
}

static json_t *config_json(const struct oci_config *c, const struct oci_layer *layers, size_t n)
{
	json_t *history = NULL;
	json_t *rootfs = rootfs_json(layers, n, &history);

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "created", CREATED, "architecture",
			 c->architecture, "os", "linux", "config", run_json(c), "rootfs", rootfs,
			 "history", history);
}

/* --- manifests --- */

static json_t *descriptor(const char *type, const struct oci_blob *blob)
{
	return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", blob->digest, "size",
			 (json_int_t)blob->size);
}

static json_t *manifest_json(const struct media_types *types, const struct oci_image *image)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < image->n_layers; i++)
		if (json_array_append_new(layers,
					  descriptor(types->layer, &image->layers[i].blob)) < 0) {
			json_decref(layers);
			return NULL;
		}
	return json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType", types->manifest,
			 "config", descriptor(types->config, &image->config), "layers", layers);
}

/* Takes j (NULL: out of memory), and stores its text too when ret_text is given. */
static int put_json(const char *layout, json_t *j, struct oci_blob *ret, char **ret_text,
		    struct err *err)
{
	_cleanup_free_ char *text = j ? json_text(j) : NULL;
	int r;

	json_decref(j);
	if (!text)
		return err_nomem(err);
	r = oci_layout_put(layout, text, strlen(text), ret, err);
	if (r == 0 && ret_text)
		*ret_text = TAKE(text);
	return r;
}

/* Tag, architecture and system beside the descriptor: what tools choose an image by. */
static json_t *index_entry(const struct oci_blob *manifest, const char *architecture,
			   const char *tag)
{
	json_t *entry = descriptor(oci.manifest, manifest);

	if (json_object_set_new(entry, "platform",
				json_pack("{s:s, s:s}", "architecture", architecture, "os",
					  "linux")) == 0 &&
	    json_object_set_new(entry, "annotations",
				json_pack("{s:s}", "org.opencontainers.image.ref.name", tag)) == 0)
		return entry;
	json_decref(entry);
	return NULL;
}

static int write_index(const struct oci_image *image, const struct oci_blob *manifest,
		       const char *architecture, const char *tag, struct err *err)
{
	json_auto_t *index = json_pack("{s:i, s:s, s:[o]}", "schemaVersion", 2, "mediaType",
				       "application/vnd.oci.image.index.v1+json", "manifests",
				       index_entry(manifest, architecture, tag));
	_cleanup_free_ char *text = index ? json_text(index) : NULL;
	_cleanup_free_ char *path = str_fmt("%s/index.json", image->layout);

	if (!text || !path)
		return err_nomem(err);
	return fs_write_atomic(path, text, strlen(text), 0644, err);
}

static int copy_layers(struct oci_image *image, const struct oci_layer *layers, size_t n,
		       struct err *err)
{
	image->layers = calloc(n ? n : 1, sizeof(*layers));
	if (!image->layers)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		image->layers[i] = layers[i];
	image->n_layers = n;
	return 0;
}

int oci_image_write(const char *layout, const struct oci_config *config,
		    const struct oci_layer *layers, size_t n, const char *tag,
		    struct oci_image *ret, struct err *err)
{
	_cleanup_oci_image_ struct oci_image image = {.layout = str_dup(layout)};
	struct oci_blob manifest = {0};
	int r = image.layout ? copy_layers(&image, layers, n, err) : err_nomem(err);

	if (r == 0)
		r = put_json(layout, config_json(config, layers, n), &image.config, NULL, err);
	if (r == 0)
		r = put_json(layout, manifest_json(&oci, &image), &manifest, NULL, err);
	if (r == 0)
		r = write_index(&image, &manifest, config->architecture, tag, err);
	if (r == 0)
		r = put_json(layout, manifest_json(&docker, &image), &manifest, &image.manifest,
			     err);
	if (r < 0)
		return r;
	memcpy(image.digest, manifest.digest, sizeof(image.digest));
	*ret = image;
	image = (struct oci_image){0};
	return 0;
}
