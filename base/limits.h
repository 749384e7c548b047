/*
 * Every cap on memory that input from outside can make us use, in one place,
 * each with its reason.  SMALL_LIMITS builds shrink the first allocations so
 * that tests meet every growth path.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#ifdef SMALL_LIMITS
#define BUF_FIRST_ALLOC 1u
#else
#define BUF_FIRST_ALLOC 256u
#endif

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

/* A Jupyter message: notebooks send cells of 10 MB and widgets buffers of 100 MB. */
#define LIMIT_JUPYTER_MESSAGE MIB(512)
/* Subshells of a kernel: a thread each, here and in Python.  JupyterLab opens some for widgets. */
#define LIMIT_SUBSHELLS 64u
/* A configuration, connection or credentials file that is larger is not one. */
#define LIMIT_SMALL_FILE MIB(1)
/* JSON answers of MLflow, AWS and the manager; the largest legitimate ones are run lists. */
#define LIMIT_HTTP_JSON MIB(64)
/* One DRDA reply object after joining its segments: QRYBLKSZ is at most 10 MB on both servers. */
#define LIMIT_DRDA_OBJECT MIB(64)
/* One DRDA request chain: a statement and its parameters, large ones among them. */
#define LIMIT_DRDA_REQUEST MIB(256)
/* One statement's text: servers refuse more than about 1 MB; leave room for their own error. */
#define LIMIT_SQL_TEXT MIB(16)
/* One constant or name in it: both servers refuse more than 64 KB, after a time that grows with the
 * square of its length (19 s for 4 MB). */
#define LIMIT_SQL_TOKEN MIB(1)
/* One record of an imported file: a row of 1,012 columns of 32 KB text. */
#define LIMIT_IMPORT_RECORD MIB(32)
/* One part of an S3 object: large enough that the request costs nothing; a reader holds two. */
#define LIMIT_S3_PART MIB(8)
/* Cells, and statements, that a logged model keeps: days of typing; each list, the oldest go. */
#define LIMIT_KEPT MIB(16)
#define LIMIT_KEPT_ENTRIES 5000u
/* One part of an image layer on its way to a registry: ECR takes 5 to 20 MiB (but for the last). */
#define LIMIT_OCI_PART MIB(20)
#define LIMIT_OCI_PART_DEFAULT MIB(8)
/* HTML of one table as shown: front ends freeze beyond a few megabytes. */
#define LIMIT_DISPLAY_HTML MIB(8)
/* Bridge messages from the child: a frame's first rows as JSON. */
#define LIMIT_BRIDGE_MESSAGE MIB(64)
/* A request of the Jobs Tracker: a form, or a few hundred rows for an endpoint. */
#define LIMIT_WEB_BODY MIB(1)
/* A page or answer of it: a job's whole log is the longest. */
#define LIMIT_WEB_PAGE MIB(16)
/* Files of a logged model that goes into MLflow's image: Spark's have a few for each stage. */
#define LIMIT_MODEL_FILES 100000u
/* A scorer's model file: a forest of 500 trees of depth 12 is 100 MB. */
#define LIMIT_SCORER_MODEL MIB(256)
/* Numbers of one row in all its columns: 32 MB, and a batch holds one row at least. */
#define LIMIT_SCORER_ROW ((size_t)4 << 20)
/* A request to the scorer: SageMaker passes 25 MB on. */
#define LIMIT_SCORER_BODY MIB(32)
/* All bodies that it holds at the same time, so that many clients cannot take all memory. */
#define LIMIT_SCORER_BODIES MIB(512)
/* Its answer: the probabilities of many classes are longer than the row. */
#define LIMIT_SCORER_ANSWER MIB(256)

#endif
