/* Regions and instance types. */
#include "deploy/catalog.h"

#include "base/str.h"

enum { NEAR = 3 }; /* edits from a name to what was probably meant */

const struct region regions_all[] = {
	{"af-south-1", "Cape Town"},
	{"ap-east-1", "Hong Kong"},
	{"ap-east-2", "Taipei"},
	{"ap-northeast-1", "Tokyo"},
	{"ap-northeast-2", "Seoul"},
	{"ap-northeast-3", "Osaka"},
	{"ap-south-1", "Mumbai"},
	{"ap-south-2", "Hyderabad"},
	{"ap-southeast-1", "Singapore"},
	{"ap-southeast-2", "Sydney"},
	{"ap-southeast-3", "Jakarta"},
	{"ap-southeast-4", "Melbourne"},
	{"ap-southeast-5", "Malaysia"},
	{"ap-southeast-6", "New Zealand"},
	{"ap-southeast-7", "Thailand"},
	{"ca-central-1", "Montreal"},
	{"ca-west-1", "Calgary"},
	{"eu-central-1", "Frankfurt"},
	{"eu-central-2", "Zurich"},
	{"eu-north-1", "Stockholm"},
	{"eu-south-1", "Milan"},
	{"eu-south-2", "Spain"},
	{"eu-west-1", "Ireland"},
	{"eu-west-2", "London"},
	{"eu-west-3", "Paris"},
	{"il-central-1", "Tel Aviv"},
	{"me-central-1", "UAE"},
	{"me-south-1", "Bahrain"},
	{"mx-central-1", "Mexico"},
	{"sa-east-1", "São Paulo"},
	{"us-east-1", "N. Virginia"},
	{"us-east-2", "Ohio"},
	{"us-west-1", "N. California"},
	{"us-west-2", "Oregon"},
	{NULL, NULL},
};

const struct instance_type instance_types_all[] = {
	{"ml.t2.medium", 2, 4, 0.056, CPU_X86_64, 0},
	{"ml.t2.large", 2, 8, 0.111, CPU_X86_64, 0},
	{"ml.t2.xlarge", 4, 16, 0.223, CPU_X86_64, 0},
	{"ml.t2.2xlarge", 8, 32, 0.445, CPU_X86_64, 0},
	{"ml.m5.large", 2, 8, 0.115, CPU_X86_64, 0},
	{"ml.m5.xlarge", 4, 16, 0.23, CPU_X86_64, 0},
	{"ml.m5.2xlarge", 8, 32, 0.461, CPU_X86_64, 0},
	{"ml.m5.4xlarge", 16, 64, 0.922, CPU_X86_64, 0},
	{"ml.m5.12xlarge", 48, 192, 2.765, CPU_X86_64, 0},
	{"ml.m5.24xlarge", 96, 384, 5.53, CPU_X86_64, 0},
	{"ml.m4.xlarge", 4, 16, 0.24, CPU_X86_64, 0},
	{"ml.m4.2xlarge", 8, 32, 0.48, CPU_X86_64, 0},
	{"ml.m4.4xlarge", 16, 64, 0.96, CPU_X86_64, 0},
	{"ml.m4.10xlarge", 40, 160, 2.4, CPU_X86_64, 0},
	{"ml.m4.16xlarge", 64, 256, 3.84, CPU_X86_64, 0},
	{"ml.c5.large", 2, 4, 0.102, CPU_X86_64, 0},
	{"ml.c5.xlarge", 4, 8, 0.204, CPU_X86_64, 0},
	{"ml.c5.2xlarge", 8, 16, 0.408, CPU_X86_64, 0},
	{"ml.c5.4xlarge", 16, 32, 0.816, CPU_X86_64, 0},
	{"ml.c5.9xlarge", 36, 72, 1.836, CPU_X86_64, 0},
	{"ml.c5.18xlarge", 72, 144, 3.672, CPU_X86_64, 0},
	{"ml.c4.large", 2, 3.75, 0.119, CPU_X86_64, 0},
	{"ml.c4.xlarge", 4, 7.5, 0.239, CPU_X86_64, 0},
	{"ml.c4.2xlarge", 8, 15, 0.477, CPU_X86_64, 0},
	{"ml.c4.4xlarge", 16, 30, 0.955, CPU_X86_64, 0},
	{"ml.c4.8xlarge", 36, 60, 1.909, CPU_X86_64, 0},
	{"ml.m6i.large", 2, 8, 0.115, CPU_X86_64, 0},
	{"ml.m6i.xlarge", 4, 16, 0.23, CPU_X86_64, 0},
	{"ml.m6i.2xlarge", 8, 32, 0.461, CPU_X86_64, 0},
	{"ml.m6i.4xlarge", 16, 64, 0.922, CPU_X86_64, 0},
	{"ml.c6i.large", 2, 4, 0.102, CPU_X86_64, 0},
	{"ml.c6i.xlarge", 4, 8, 0.204, CPU_X86_64, 0},
	{"ml.c6i.2xlarge", 8, 16, 0.408, CPU_X86_64, 0},
	{"ml.c6i.4xlarge", 16, 32, 0.816, CPU_X86_64, 0},
	{"ml.m6g.large", 2, 8, 0.092, CPU_ARM64, 0},
	{"ml.m6g.xlarge", 4, 16, 0.185, CPU_ARM64, 0},
	{"ml.m6g.2xlarge", 8, 32, 0.37, CPU_ARM64, 0},
	{"ml.m6g.4xlarge", 16, 64, 0.739, CPU_ARM64, 0},
	{"ml.c6g.large", 2, 4, 0.082, CPU_ARM64, 0},
	{"ml.c6g.xlarge", 4, 8, 0.163, CPU_ARM64, 0},
	{"ml.c6g.2xlarge", 8, 16, 0.326, CPU_ARM64, 0},
	{"ml.c6g.4xlarge", 16, 32, 0.653, CPU_ARM64, 0},
	{"ml.c7g.large", 2, 4, 0.087, CPU_ARM64, 0},
	{"ml.c7g.xlarge", 4, 8, 0.174, CPU_ARM64, 0},
	{"ml.c7g.2xlarge", 8, 16, 0.348, CPU_ARM64, 0},
	{"ml.c7g.4xlarge", 16, 32, 0.696, CPU_ARM64, 0},
	{"ml.p3.2xlarge", 8, 61, 3.825, CPU_X86_64, 1},
	{"ml.p3.8xlarge", 32, 244, 14.688, CPU_X86_64, 4},
	{"ml.p3.16xlarge", 64, 488, 28.152, CPU_X86_64, 8},
	{"ml.p2.xlarge", 4, 61, 1.125, CPU_X86_64, 1},
	{"ml.p2.8xlarge", 32, 488, 9, CPU_X86_64, 8},
	{"ml.p2.16xlarge", 64, 732, 18, CPU_X86_64, 16},
	{NULL, 0, 0, 0, CPU_X86_64, 0},
};

const char *cpu_image_arch(enum cpu cpu)
{
	return cpu == CPU_ARM64 ? "arm64" : "amd64";
}

const struct region *region_find(const char *name)
{
	for (const struct region *r = regions_all; r->name; r++)
		if (str_eq(r->name, name))
			return r;
	return NULL;
}

const struct instance_type *instance_type_find(const char *name)
{
	for (const struct instance_type *t = instance_types_all; t->name; t++)
		if (str_eq(t->name, name))
			return t;
	return NULL;
}

const struct region *region_nearest(const char *name)
{
	const struct region *best = NULL;
	size_t least = NEAR + 1;

	for (const struct region *r = regions_all; r->name; r++) {
		size_t d = str_distance(r->name, name);

		if (d < least) {
			least = d;
			best = r;
		}
	}
	return best;
}

const struct instance_type *instance_type_nearest(const char *name)
{
	const struct instance_type *best = NULL;
	size_t least = NEAR + 1;

	for (const struct instance_type *t = instance_types_all; t->name; t++) {
		size_t d = str_distance(t->name, name);

		if (d < least) {
			least = d;
			best = t;
		}
	}
	return best;
}
