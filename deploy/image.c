/* The two layers and the configuration of a model's image. */
#include "deploy/image.h"

#include "base/str.h"
#include "deploy/libraries.h"
#include "protocol/oci/elf.h"

#include <string.h>

#define PROGRAM "usr/bin/splice-scorer"
#define LIBRARIES "usr/lib/splice"
#define MODEL "opt/splice/model.json"

enum { FILES_MAX = 128, PORT = 8080 };

/* Numbers, since there is no /etc/passwd; what distroless images use for "nonroot". */
#define USER "65532:65532"

/* The lower layer's files.  Texts that are made for it are kept here. */
struct base_files {
	struct oci_file items[FILES_MAX];
	size_t len;
	struct strv names, files, paths;
};

static void base_files_release(struct base_files *b)
{
	strv_release(&b->names);
	strv_release(&b->files);
	strv_release(&b->paths);
}

static int add_library(struct base_files *b, size_t i, struct err *err)
{
	int r = strv_take(&b->paths, str_fmt(LIBRARIES "/%s", b->names.items[i]), err);

	if (r == 0 && b->len == FILES_MAX)
		r = err_set(err, E_UNSUPPORTED, "the scorer needs more than %d libraries",
			    FILES_MAX - 3);
	if (r < 0)
		return r;
	b->items[b->len++] = (struct oci_file){.path = b->paths.items[b->paths.len - 1],
					       .mode = 0755,
					       .source = b->files.items[i]};
	return 0;
}

static int collect(const struct image_request *q, const struct elf_program *program,
		   struct base_files *b, struct err *err)
{
	const char *loader = program->interpreter;
	int r;

	b->items[b->len++] = (struct oci_file){.path = PROGRAM, .mode = 0755, .source = q->scorer};
	b->items[b->len++] = (struct oci_file){.path = "tmp", .mode = 01777};
	if (!loader)
		return 0;
	b->items[b->len++] = (struct oci_file){.path = loader + 1, .mode = 0755, .source = loader};
	r = libraries_find(q->scorer, loader, q->cancel, &b->names, &b->files, err);
	for (size_t i = 0; r == 0 && i < b->names.len; i++)
		r = add_library(b, i, err);
	return r;
}

static int write_layers(const struct image_request *q, const struct elf_program *program,
			const char *layout, struct oci_layer layers[2], struct err *err)
{
	_cleanup_(base_files_release) struct base_files base = {0};
	struct oci_file model = {.path = MODEL, .mode = 0644, .source = q->model};
	int r = collect(q, program, &base, err);

	if (r == 0)
		r = oci_layer_write(layout, base.items, base.len, q->cancel, &layers[0], err);
	return r < 0 ? r : oci_layer_write(layout, &model, 1, q->cancel, &layers[1], err);
}

int image_build(const struct image_request *q, const char *layout, struct oci_image *ret,
		struct err *err)
{
	static const char *const entrypoint[] = {"/" PROGRAM, NULL};
	static const char *const cmd[] = {"serve", NULL};
	/* The loader's own folders differ from one distribution to the next. */
	static const char *const env[] = {"LD_LIBRARY_PATH=/" LIBRARIES,
					  "SPLICE_SCORER_MODEL=/" MODEL,
					  "SPLICE_SCORER_HOST=0.0.0.0", "SPLICE_SCORER_PORT=8080",
					  NULL};
	const struct oci_label labels[] = {
		{"org.opencontainers.image.title", "splice-scorer"},
		{"org.opencontainers.image.description", "a fitted Spark ML pipeline, served"},
		{"org.opencontainers.image.version", SPLICE_VERSION},
		{"splice.version", SPLICE_VERSION},
		{"splice.run_id", q->run_id},
		{"splice.experiment_id", *q->experiment_id ? q->experiment_id : NULL},
	};
	_cleanup_elf_program_ struct elf_program program = {0};
	struct oci_layer layers[2] = {0};
	struct oci_config config = {
		.user = USER,
		.entrypoint = entrypoint,
		.cmd = cmd,
		.env = env,
		.port = PORT,
		.labels = labels,
		.n_labels = ARRAY_LEN(labels),
	};
	int r = elf_read(q->scorer, &program, err);

	if (r == 0)
		r = oci_layout_make(layout, err);
	if (r == 0)
		r = write_layers(q, &program, layout, layers, err);
	config.architecture = program.architecture;
	if (r == 0)
		r = oci_image_write(layout, &config, layers, 2, q->tag, ret, err);
	return r < 0 ? err_prefix(err, "image") : 0;
}
