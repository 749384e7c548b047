/*
 * Completion, inspection and is_complete: magics from their table, Python
 * from the child (which answers over its control channel while a cell runs),
 * and plain answers where no child runs.  None of them waits for a cell.
 */
#ifndef KERNEL_COMPLETE_H
#define KERNEL_COMPLETE_H

#include "kernel/kernel.h"

/* True when answered; false when the child will (kernel_finish follows). */
bool complete_request(struct kernel *k, struct request *q, const json_t *content);
bool inspect_request(struct kernel *k, struct request *q, const json_t *content);
bool is_complete_request(struct kernel *k, struct request *q, const json_t *content);

/* "complete", "incomplete" or "invalid" for a cell that no child looked at. */
const char *complete_guess(const char *code);

#endif
