/*
 * The commands that have a file of their own: deploy-commands.c (what people
 * ask of deployments) and service-commands.c (the services' own processes).
 */
#ifndef MANAGER_COMMANDS_INT_H
#define MANAGER_COMMANDS_INT_H

#include "manager/commands.h"

typedef int command_fn(char *const *words, struct err *err);

command_fn run_deploy, run_endpoints, run_shift, run_undeploy, run_doctor;
command_fn run_jobs, run_work;

#endif
