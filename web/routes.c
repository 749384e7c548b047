/* Every address of the server.  docs/JOBS.md describes them. */
#include "web/pages.h"

const struct route web_routes[] = {
	{"GET", "/", 0, page_jobs},
	{"GET", "/jobs/#", 0, page_job},
	{"POST", "/jobs/#/cancel", 0, act_cancel},
	{"POST", "/jobs/#/retry", 0, act_retry},
	{"GET", "/jobs/#/remove", 0, page_remove},
	{"POST", "/jobs/#/remove", 0, act_remove},
	{"GET", "/mlflow", 0, go_mlflow},
	{"GET", "/about", 0, page_about},
	{"GET", "/static/:", ROUTE_OPEN, asset},
	{"POST", "/login", ROUTE_OPEN, login},
	{"POST", "/logout", 0, logout},

	{"GET", "/api/jobs", ROUTE_API, api_jobs},
	{"GET", "/api/jobs/#", ROUTE_API, api_job},
	{"DELETE", "/api/jobs/#", ROUTE_API, api_remove},
	{"POST", "/api/jobs/#/cancel", ROUTE_API, api_cancel},
	{"POST", "/api/jobs/#/retry", ROUTE_API, api_retry},
	{"GET", "/api/jobs/#/log", ROUTE_API, api_log},
	{"GET", "/api/changes", ROUTE_API, api_changes},
	{NULL, NULL, 0, NULL},
};
