/*
 * Makes the use of functions that cannot be used safely, or that depend on
 * the process's locale or on static buffers, an error at compile time.  Force-included by
 * the Makefile for our own sources.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(f) banned_function_##f

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#undef atoi
#undef atol
#undef atof
#undef strtok
#undef localtime
#undef gmtime
#undef ctime
#undef asctime
#define strcpy(d, s) BANNED(strcpy)
#define strcat(d, s) BANNED(strcat)
#define strncpy(d, s, n) BANNED(strncpy)
#define strncat(d, s, n) BANNED(strncat)
#define sprintf(...) BANNED(sprintf)
#define vsprintf(...) BANNED(vsprintf)
#define gets(s) BANNED(gets)
#define atoi(s) BANNED(atoi)
#define atol(s) BANNED(atol)
#define atof(s) BANNED(atof)
#define strtok(s, d) BANNED(strtok)
#define localtime(t) BANNED(localtime)
#define gmtime(t) BANNED(gmtime)
#define ctime(t) BANNED(ctime)
#define asctime(t) BANNED(asctime)

#endif
