/*
 * What AWS offers, as tables: regions, and the instance types on which
 * SageMaker serves models.  Prices and offers change; a region or type that is
 * missing here is a line to add.
 */
#ifndef DEPLOY_CATALOG_H
#define DEPLOY_CATALOG_H

struct region {
	const char *name;  /* "us-east-1" */
	const char *place; /* "N. Virginia" */
};
/* By name; ends with a NULL name. */
extern const struct region regions_all[];

enum cpu { CPU_X86_64, CPU_ARM64 };
/* "amd64", "arm64": the words of container images. */
const char *cpu_image_arch(enum cpu cpu);

struct instance_type {
	const char *name; /* "ml.m5.large" */
	int vcpus;
	double memory_gib;
	double usd_hour; /* on demand in us-east-1, rough: for orders of magnitude only */
	enum cpu cpu;
	int gpus;
};
/* Small and general ones first; ends with a NULL name. */
extern const struct instance_type instance_types_all[];

/* NULL when there is none of this name. */
const struct region *region_find(const char *name);
const struct instance_type *instance_type_find(const char *name);
/* The one whose name is nearest, for a hint; NULL when none is near. */
const struct region *region_nearest(const char *name);
const struct instance_type *instance_type_nearest(const char *name);

#endif
