/*
 * What a job asks of a splice-scorer that serves an endpoint (docs/SCORER.md):
 * an answer of one variant, and whether it has taken a changed endpoint.json.
 */
#ifndef DEPLOY_SCORER_H
#define DEPLOY_SCORER_H

#include "base/cancel.h"
#include "base/json.h"

/*
 * A request that a variant answers: the rows of a sample.json, or none, with
 * the columns of a model.json, where there is no sample (NULL).  *ret is
 * new; *ret_expected (new) are the sample's answers, an empty list without.
 */
int scorer_body(const char *model, const char *sample, json_t **ret, json_t **ret_expected,
		struct err *err) _must_check_;

/*
 * Ask url ("http://127.0.0.1:5010") for this variant's answer to the body
 * and compare it with what is expected.  variant NULL: it is no splice-scorer,
 * and has none.  E_NOTFOUND while the variant is not
 * served there yet, E_IO and E_CLOSED while nobody answers; E_INPUT for
 * an answer that is another than expected; E_SERVER for a refusal.
 */
int scorer_check(const char *url, const char *variant, const json_t *body, const json_t *expected,
		 struct cancel *cancel, struct err *err) _must_check_;

struct scorer_reloads {
	int64_t taken, refused; /* since it started */
};
int scorer_reloads(const char *url, struct cancel *cancel, struct scorer_reloads *ret,
		   struct err *err) _must_check_;

#endif
