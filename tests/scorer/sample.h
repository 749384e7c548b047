/* A small model for tests: V1 (double) and t (a or b) into a probability; files of it. */
#ifndef TESTS_SCORER_SAMPLE_H
#define TESTS_SCORER_SAMPLE_H

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"

/* The intercept is left open: with 0.1 the row (1, a) is predicted 1, with -9 it is 0. */
#define SAMPLE_MODEL                                                                               \
	"{\"format\":\"splice-scorer\",\"version\":1,\"spark\":\"4.3.0\",\"inputs\":["             \
	"{\"name\":\"V1\",\"type\":\"double\"},{\"name\":\"t\",\"type\":\"string\"}],"             \
	"\"stages\":[{\"kind\":\"StringIndexer\",\"uid\":\"si\",\"inputs\":[\"t\"],"               \
	"\"outputs\":[\"ti\"],\"labels\":[[\"a\",\"b\"]],\"handle_invalid\":\"error\"},"           \
	"{\"kind\":\"VectorAssembler\",\"uid\":\"va\",\"inputs\":[\"V1\",\"ti\"],"                 \
	"\"sizes\":[1,1],\"output\":\"f\",\"handle_invalid\":\"skip\"},"                           \
	"{\"kind\":\"LogisticRegression\",\"uid\":\"lr\",\"features\":\"f\","                      \
	"\"coefficients\":{\"rows\":1,\"cols\":2,\"values\":[0.5,-0.25]},"                         \
	"\"intercepts\":[%s],\"classes\":2,\"threshold\":0.5,\"thresholds\":null,"                 \
	"\"prediction\":\"prediction\",\"probability\":\"probability\","                           \
	"\"raw\":\"rawPrediction\"}],\"outputs\":{\"prediction\":\"prediction\","                  \
	"\"probability\":\"probability\",\"raw\":\"rawPrediction\"}}"

static inline void sample_put(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", folder, name);
	struct err err = ERR_INIT;

	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

static inline void sample_put_model(const char *folder, const char *name, const char *intercept)
{
	_cleanup_free_ char *text = str_fmt(SAMPLE_MODEL, intercept);

	sample_put(folder, name, text);
}

/* The same, and its path; the caller frees. */
static inline char *sample_write(const char *folder, const char *name, const char *text)
{
	sample_put(folder, name, text);
	return str_fmt("%s/%s", folder, name);
}

/* A file of the model; the caller frees its path. */
static inline char *sample_model(const char *folder, const char *name, const char *intercept)
{
	_cleanup_free_ char *text = str_fmt(SAMPLE_MODEL, intercept);

	return sample_write(folder, name, text);
}

#endif
