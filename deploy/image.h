/*
 * The image of a model: splice-scorer with what it needs, and the model on
 * top.  The lower layer is the same for every model of a version, so only the
 * first deployment sends it.
 *
 *   /usr/bin/splice-scorer         the program, run as 65532:65532
 *   /lib64/ld-linux-….so.2         its loader, where it asks for it \  absent when it
 *   /usr/lib/splice/…              its libraries                    /  is linked statically
 *   /tmp                           for everyone
 *   /opt/splice/model.json         the model
 *
 * SageMaker runs it with the argument `serve`.
 */
#ifndef DEPLOY_IMAGE_H
#define DEPLOY_IMAGE_H

#include "protocol/oci/image.h"

/* Everything borrowed. */
struct image_request {
	const char *scorer; /* the program */
	const char *model;  /* model.json */
	const char *run_id;
	const char *experiment_id; /* "" when unknown */
	const char *tag;           /* its name in the layout */
	struct cancel *cancel;
};

/* Into the layout folder, made if need be.  Safe to repeat: the same input gives the same image. */
int image_build(const struct image_request *q, const char *layout, struct oci_image *ret,
		struct err *err) _must_check_;

#endif
