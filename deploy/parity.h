/*
 * Does splice-scorer answer a run's sample as Spark did?  The program itself
 * is asked (docs/SCORER.md), so what is checked is what will serve.
 */
#ifndef DEPLOY_PARITY_H
#define DEPLOY_PARITY_H

#include "base/cancel.h"
#include "base/json.h"

/*
 * *ret is a new object {"compared": true, "rows": n}; without a sample (NULL)
 * the model is only loaded: {"compared": false}.  E_INPUT when the scorer
 * refuses the model or answers otherwise, the text with the first differing
 * row; E_NOTFOUND when it is not installed.
 */
int parity_check(const char *model, const char *sample, struct cancel *cancel, json_t **ret,
		 struct err *err) _must_check_;

#endif
