/*
 * An endpoint on this machine as its folder has it: endpoint.json
 * (docs/DEPLOY.md) and the model files of its variants.  One job at a time
 * works on an endpoint (deploy/store.h), so nothing here locks but the choice
 * of ports, which endpoints share.
 */
#ifndef DEPLOY_ENDPOINT_H
#define DEPLOY_ENDPOINT_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

enum {
	ENDPOINT_PORT = 5010,       /* the first that is tried, unless the setting says otherwise */
	ENDPOINT_VARIANTS_MAX = 32, /* each holds its model in memory */
};

struct endpoint_variant {
	char *name;
	double weight;
	char *model; /* file, from the endpoint's folder */
	char *run_id, *experiment_id;
	int64_t created; /* ms since 1970 */
};

struct endpoint_file {
	char *app;
	int port; /* preferred; splice-manager may have to take another */
	struct endpoint_variant *variants;
	size_t n_variants;
};
void endpoint_file_release(struct endpoint_file *e);
#define _cleanup_endpoint_file_ _cleanup_(endpoint_file_release)

/* PLACE_DATA/endpoints/APP; makes nothing; the caller frees. */
int endpoint_folder(const char *app, char **ret, struct err *err) _must_check_;
/* The name by which splice-manager knows it, "endpoint:APP"; the caller frees. */
char *endpoint_service(const char *app);

/* The object in endpoint.json; E_NOTFOUND when there is none of this app.  *ret is new. */
int endpoint_read(const char *app, json_t **ret, struct err *err) _must_check_;
/* Written whole or not at all; makes the folder. */
int endpoint_write(const char *app, const json_t *j, struct err *err) _must_check_;
int endpoint_remove_file(const char *app, struct err *err) _must_check_;
/* The apps that have one, by name. */
int endpoint_list(struct strv *ret, struct err *err) _must_check_;

/* E_INPUT naming what is wrong; and back: new, NULL when out of memory. */
int endpoint_parse(const json_t *j, struct endpoint_file *ret, struct err *err) _must_check_;
json_t *endpoint_json(const struct endpoint_file *e);

/* A port for a new endpoint: the first from `first` that no other endpoint.json names. */
int endpoint_pick_port(int first, int *ret, struct err *err) _must_check_;

/* Edits.  The variant is copied, at the end. */
int endpoint_add_variant(struct endpoint_file *e, const struct endpoint_variant *v,
			 struct err *err) _must_check_;
struct endpoint_variant *endpoint_find_variant(const struct endpoint_file *e, const char *name);
/* NULL when there is none. */
struct endpoint_variant *endpoint_newest_variant(const struct endpoint_file *e);
/* One of its own. */
void endpoint_drop_variant(struct endpoint_file *e, struct endpoint_variant *v);
/* Drop all others. */
void endpoint_keep_only(struct endpoint_file *e, const struct endpoint_variant *v);
/*
 * Give the variant `percent` of the requests, and the others the rest in
 * the proportions they had; equal shares where they had nothing.
 */
void endpoint_shift(struct endpoint_file *e, struct endpoint_variant *v, double percent);

#endif
