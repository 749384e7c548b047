/*
 * What the files of this folder share: the client, and one request under way.
 */
#ifndef PROTOCOL_HTTP_INT_H
#define PROTOCOL_HTTP_INT_H

#include "protocol/http/http.h"

#include <curl/curl.h>

enum { HTTP_ORIGIN_MAX = 300 };

struct http_client {
	CURLM *multi; /* keeps the connections */
	CURL *easy;
	char *ca_file;
	char *client_cert;
	bool insecure;
};

/* One request under way. */
struct transfer {
	const struct http_request *req;
	struct http_response *res;
	CURL *easy;
	struct err *err;
	int failed;                   /* error of a callback, 0 while none */
	uint64_t sent;                /* bytes read from the source */
	uint64_t received;            /* headers and body */
	char origin[HTTP_ORIGIN_MAX]; /* "http://host:port" */
	char detail[CURL_ERROR_SIZE];
};

/*
 * Set c->easy up for t->req, with callbacks that fill t; t must stay where it
 * is until the handle is reset.  *ret_headers belongs to the caller, who frees
 * it after the transfer.
 */
int transfer_set_up(struct http_client *c, struct transfer *t, struct curl_slist **ret_headers,
		    struct err *err) _must_check_;

#endif
