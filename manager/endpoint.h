/*
 * An endpoint as a service: one splice-scorer for each folder with an
 * endpoint.json (deploy/endpoint.h), named "endpoint:APP".
 */
#ifndef MANAGER_ENDPOINT_H
#define MANAGER_ENDPOINT_H

#include "manager/def.h"

/* The app in "endpoint:APP"; NULL for another service's name.  Borrowed from it. */
const char *endpoint_app(const char *service);

/* A table entry of its own, which endpoint_def_free takes back. */
int endpoint_def_new(const char *app, struct service_def **ret, struct err *err) _must_check_;
void endpoint_def_free(struct service_def *def);

/* Whether there is such an endpoint still. */
bool endpoint_exists(const char *app);

#endif
