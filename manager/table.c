/* The services there always are, in the order in which `start` starts and `status` shows them. */
#include "manager/def.h"

const struct service_def *const services_all[] = {&derby_def, &mlflow_def, &jobs_def, NULL};
