/* Shared by the files of protocol/mlflow: one JSON call. */
#ifndef PROTOCOL_MLFLOW_MLFLOW_INT_H
#define PROTOCOL_MLFLOW_MLFLOW_INT_H

#include "protocol/mlflow/mlflow.h"

#define API "/api/2.0/mlflow/"
#define ARTIFACTS_API "/api/2.0/mlflow-artifacts/artifacts/"

/*
 * POST `body` (stolen, also on failure; NULL is out of memory) to API/endpoint.
 * *ret, a new object, may be NULL when the answer does not matter.
 */
int mlflow_post(struct mlflow *m, const char *endpoint, json_t *body, struct cancel *cancel,
		json_t **ret, struct err *err) _must_check_;
/* The same, never sent twice by the transport. */
int mlflow_post_once(struct mlflow *m, const char *endpoint, json_t *body, struct cancel *cancel,
		     json_t **ret, struct err *err) _must_check_;
/* GET API/endpoint?name=value; *ret is a new object. */
int mlflow_get(struct mlflow *m, const char *endpoint, const char *name, const char *value,
	       struct cancel *cancel, json_t **ret, struct err *err) _must_check_;

/* Fill in credentials, time-outs and send; a status that is not 2xx becomes its error. */
int mlflow_perform(struct mlflow *m, struct http_request *req, struct http_response *ret,
		   struct err *err) _must_check_;

/* json_unpack_ex's complaint as E_PROTO. */
int mlflow_bad_answer(const char *what, const json_error_t *at, struct err *err);

#endif
