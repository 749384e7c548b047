/*
 * protocol/oci as a program, for tests beside a real registry:
 *   oci_driver build LAYOUT TAG PATH=FILE …      an image with a layer for each file
 *   oci_driver push URL REPOSITORY LAYOUT TAG PATH=FILE …   the same, pushed
 * The first file is the entrypoint.  Prints {"digest", "size"}, and a line
 * `DONE TOTAL` to standard error for each progress.  REGISTRY_USER and
 * REGISTRY_PASSWORD are the credentials, REGISTRY_PART the size of a part.
 * An error is {"code", "name", "text", "hint"} there, and status 1.
 */
#include "base/json.h"
#include "base/str.h"
#include "protocol/oci/elf.h"
#include "protocol/oci/image.h"
#include "protocol/oci/registry.h"

#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 16 };

static int make_layers(const char *layout, char **files, struct oci_layer *layers, size_t *ret_n,
		       struct err *err)
{
	size_t n = 0;
	int r = 0;

	for (; r == 0 && files[n] && n < FILES_MAX; n++) {
		char *eq = strchr(files[n], '=');
		struct oci_file f = {.path = files[n]};

		if (!eq)
			return err_set(err, E_USAGE, "not PATH=FILE: %s", files[n]);
		*eq = '\0';
		f.source = eq + 1;
		r = oci_layer_write(layout, &f, 1, NULL, &layers[n], err);
	}
	*ret_n = n;
	return r;
}

static int build(char **args, struct oci_image *ret, struct err *err)
{
	static const struct oci_label labels[] = {{"org.opencontainers.image.title", "test"}};
	_cleanup_elf_program_ struct elf_program program = {0};
	_cleanup_free_ char *path = NULL;
	struct oci_layer layers[FILES_MAX];
	const char *entrypoint[] = {NULL, NULL};
	struct oci_config config = {.user = "65532:65532",
				    .entrypoint = entrypoint,
				    .port = 8080,
				    .labels = labels,
				    .n_labels = ARRAY_LEN(labels)};
	size_t n = 0;
	int r = oci_layout_make(args[0], err);

	if (r == 0)
		r = make_layers(args[0], args + 2, layers, &n, err);
	if (r == 0)
		r = elf_read(args[2] + strlen(args[2]) + 1, &program, err);
	path = str_fmt("/%s", args[2]);
	entrypoint[0] = path;
	config.architecture = program.architecture;
	return r < 0 ? r : oci_image_write(args[0], &config, layers, n, args[1], ret, err);
}

static void on_progress(void *userdata, uint64_t done, uint64_t total)
{
	(void)userdata;
	fprintf(stderr, "%llu %llu\n", (unsigned long long)done, (unsigned long long)total);
}

static int push(const char *url, const char *repository, char **args, struct oci_image *image,
		struct err *err)
{
	_cleanup_(registry_freep) struct registry *registry = NULL;
	const char *part = getenv("REGISTRY_PART");
	struct registry_options o = {.url = url,
				     .user = getenv("REGISTRY_USER"),
				     .password = getenv("REGISTRY_PASSWORD")};
	struct registry_push p = {.repository = repository,
				  .tag = args[1],
				  .progress = on_progress};
	uint64_t bytes = 0;
	int r = part ? str_parse_u64(part, &bytes, err) : 0;

	o.part = (size_t)bytes;
	if (r == 0)
		r = build(args, image, err);
	if (r == 0)
		r = registry_new(&o, &registry, err);
	return r < 0 ? r : registry_push(registry, image, &p, err);
}

static int run(int argc, char **argv, struct oci_image *image, struct err *err)
{
	if (argc > 4 && str_eq(argv[1], "build"))
		return build(argv + 2, image, err);
	if (argc > 6 && str_eq(argv[1], "push"))
		return push(argv[2], argv[3], argv + 4, image, err);
	return err_set(err, E_USAGE, "see the head of oci_driver.c");
}

int main(int argc, char **argv)
{
	_cleanup_oci_image_ struct oci_image image = {0};
	struct err err = ERR_INIT;
	int r = run(argc, argv, &image, &err);
	json_auto_t *told = r < 0 ? json_pack("{s:s, s:s, s:s, s:s}", "code", err_code_name(r),
					      "name", err.name, "text", err.text, "hint", err.hint)
				  : json_pack("{s:s, s:i}", "digest", image.digest, "layers",
					      (int)image.n_layers);
	_cleanup_free_ char *text = json_text(told);

	fprintf(r < 0 ? stderr : stdout, "%s\n", text);
	return r < 0;
}
