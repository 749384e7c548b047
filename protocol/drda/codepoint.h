/*
 * DDM code points: the two-byte names of every command, reply, object and
 * parameter (DDM Architecture volume 3).  One list is the source of the
 * enumeration, of the names that traces and errors show, and of how a trace
 * prints the value.
 */
#ifndef DRDA_CODEPOINT_H
#define DRDA_CODEPOINT_H

/* How a trace shows the data behind a code point. */
enum codepoint_kind {
	KIND_GROUP,    /* further objects */
	KIND_TEXT,     /* characters in the connection's encoding */
	KIND_SECRET,   /* never shown */
	KIND_NUMBER,   /* big-endian, 1 to 8 bytes */
	KIND_CODE,     /* another code point */
	KIND_LEVELS,   /* pairs of code point and level */
	KIND_HEX,      /* a few bytes */
	KIND_VOLATILE, /* differs from run to run: hidden in stable traces */
	KIND_PACKAGE,  /* PKGNAMCSN: shown as package and section */
	KIND_SQL,      /* statement text, literals masked */
	KIND_SQLCA,    /* SQLCARD: code and state */
	KIND_DATA,     /* only the length */
};

#define CODEPOINT_LIST(X)                                                                          \
	/* commands */                                                                             \
	X(EXCSAT, 0x1041, GROUP)                                                                   \
	X(ACCSEC, 0x106D, GROUP)                                                                   \
	X(SECCHK, 0x106E, GROUP)                                                                   \
	X(ACCRDB, 0x2001, GROUP)                                                                   \
	X(CLSQRY, 0x2005, GROUP)                                                                   \
	X(CNTQRY, 0x2006, GROUP)                                                                   \
	X(DSCSQLSTT, 0x2008, GROUP)                                                                \
	X(EXCSQLIMM, 0x200A, GROUP)                                                                \
	X(EXCSQLSTT, 0x200B, GROUP)                                                                \
	X(OPNQRY, 0x200C, GROUP)                                                                   \
	X(PRPSQLSTT, 0x200D, GROUP)                                                                \
	X(RDBCMM, 0x200E, GROUP)                                                                   \
	X(RDBRLLBCK, 0x200F, GROUP)                                                                \
	X(EXCSQLSET, 0x2014, GROUP)                                                                \
	/* replies */                                                                              \
	X(EXCSATRD, 0x1443, GROUP)                                                                 \
	X(ACCSECRD, 0x14AC, GROUP)                                                                 \
	X(MGRLVLRM, 0x1210, GROUP)                                                                 \
	X(MGRDEPRM, 0x1218, GROUP)                                                                 \
	X(SECCHKRM, 0x1219, GROUP)                                                                 \
	X(CMDATHRM, 0x121C, GROUP)                                                                 \
	X(AGNPRMRM, 0x1232, GROUP)                                                                 \
	X(RSCLMTRM, 0x1233, GROUP)                                                                 \
	X(PRCCNVRM, 0x1245, GROUP)                                                                 \
	X(SYNTAXRM, 0x124C, GROUP)                                                                 \
	X(CMDNSPRM, 0x1250, GROUP)                                                                 \
	X(PRMNSPRM, 0x1251, GROUP)                                                                 \
	X(VALNSPRM, 0x1252, GROUP)                                                                 \
	X(OBJNSPRM, 0x1253, GROUP)                                                                 \
	X(CMDCHKRM, 0x1254, GROUP)                                                                 \
	X(TRGNSPRM, 0x125F, GROUP)                                                                 \
	X(ACCRDBRM, 0x2201, GROUP)                                                                 \
	X(QRYNOPRM, 0x2202, GROUP)                                                                 \
	X(RDBATHRM, 0x2203, GROUP)                                                                 \
	X(RDBNACRM, 0x2204, GROUP)                                                                 \
	X(OPNQRYRM, 0x2205, GROUP)                                                                 \
	X(RDBACCRM, 0x2207, GROUP)                                                                 \
	X(ENDQRYRM, 0x220B, GROUP)                                                                 \
	X(ENDUOWRM, 0x220C, GROUP)                                                                 \
	X(ABNUOWRM, 0x220D, GROUP)                                                                 \
	X(DTAMCHRM, 0x220E, GROUP)                                                                 \
	X(QRYPOPRM, 0x220F, GROUP)                                                                 \
	X(RDBNFNRM, 0x2211, GROUP)                                                                 \
	X(OPNQFLRM, 0x2212, GROUP)                                                                 \
	X(SQLERRRM, 0x2213, GROUP)                                                                 \
	X(RDBUPDRM, 0x2218, GROUP)                                                                 \
	X(RSLSETRM, 0x2219, GROUP)                                                                 \
	X(RDBAFLRM, 0x221A, GROUP)                                                                 \
	X(PBSD, 0xC000, GROUP)                                                                     \
	/* objects */                                                                              \
	X(FDODSC, 0x0010, DATA)                                                                    \
	X(FDODTA, 0x147A, DATA)                                                                    \
	X(EXTDTA, 0x146C, DATA)                                                                    \
	X(SQLCARD, 0x2408, SQLCA)                                                                  \
	X(SQLCINRD, 0x240B, DATA)                                                                  \
	X(SQLRSLRD, 0x240E, DATA)                                                                  \
	X(SQLDARD, 0x2411, DATA)                                                                   \
	X(SQLDTA, 0x2412, GROUP)                                                                   \
	X(SQLDTARD, 0x2413, GROUP)                                                                 \
	X(SQLSTT, 0x2414, SQL)                                                                     \
	X(QRYDSC, 0x241A, DATA)                                                                    \
	X(QRYDTA, 0x241B, DATA)                                                                    \
	X(TYPDEFNAM, 0x002F, TEXT)                                                                 \
	X(TYPDEFOVR, 0x0035, GROUP)                                                                \
	/* parameters */                                                                           \
	X(CODPNT, 0x000C, CODE)                                                                    \
	X(PRDID, 0x112E, TEXT)                                                                     \
	X(PRCCNVCD, 0x113F, NUMBER)                                                                \
	X(SRVCLSNM, 0x1147, TEXT)                                                                  \
	X(SVRCOD, 0x1149, NUMBER)                                                                  \
	X(SYNERRCD, 0x114A, NUMBER)                                                                \
	X(SRVDGN, 0x1153, VOLATILE)                                                                \
	X(SRVRLSLV, 0x115A, TEXT)                                                                  \
	X(EXTNAM, 0x115E, VOLATILE)                                                                \
	X(SRVNAM, 0x116D, VOLATILE)                                                                \
	X(CCSIDSBC, 0x119C, NUMBER)                                                                \
	X(CCSIDDBC, 0x119D, NUMBER)                                                                \
	X(CCSIDMBC, 0x119E, NUMBER)                                                                \
	X(USRID, 0x11A0, TEXT)                                                                     \
	X(PASSWORD, 0x11A1, SECRET)                                                                \
	X(SECMEC, 0x11A2, NUMBER)                                                                  \
	X(SECCHKCD, 0x11A4, NUMBER)                                                                \
	X(SECTKN, 0x11DC, SECRET)                                                                  \
	X(MGRLVLLS, 0x1404, LEVELS)                                                                \
	X(PLGINNM, 0x191C, TEXT)                                                                   \
	X(PLGINLST, 0x191E, DATA)                                                                  \
	X(KERSECPPL, 0x1C02, TEXT)                                                                 \
	X(QRYPRCTYP, 0x2102, CODE)                                                                 \
	X(RDBINTTKN, 0x2103, VOLATILE)                                                             \
	X(PRDDTA, 0x2104, TEXT)                                                                    \
	X(RDBCMTOK, 0x2105, NUMBER)                                                                \
	X(RDBACCCL, 0x210F, CODE)                                                                  \
	X(RDBNAM, 0x2110, TEXT)                                                                    \
	X(OUTEXP, 0x2111, NUMBER)                                                                  \
	X(PKGNAMCSN, 0x2113, PACKAGE)                                                              \
	X(QRYBLKSZ, 0x2114, NUMBER)                                                                \
	X(UOWDSP, 0x2115, NUMBER)                                                                  \
	X(RTNSQLDA, 0x2116, NUMBER)                                                                \
	X(SQLCSRHLD, 0x211F, NUMBER)                                                               \
	X(QRYBLKCTL, 0x2132, CODE)                                                                 \
	X(CRRTKN, 0x2135, VOLATILE)                                                                \
	X(PKGSNLST, 0x2139, GROUP)                                                                 \
	X(NBRROW, 0x213A, NUMBER)                                                                  \
	X(MAXRSLCNT, 0x2140, NUMBER)                                                               \
	X(MAXBLKEXT, 0x2141, NUMBER)                                                               \
	X(RSLSETFLG, 0x2142, NUMBER)                                                               \
	X(TYPSQLDA, 0x2146, NUMBER)                                                                \
	X(RTNEXTDTA, 0x2148, NUMBER)                                                               \
	X(QRYATTSCR, 0x2149, NUMBER)                                                               \
	X(QRYATTUPD, 0x2150, NUMBER)                                                               \
	X(QRYROWSET, 0x2156, NUMBER)                                                               \
	X(QRYATTSNS, 0x2157, NUMBER)                                                               \
	X(QRYINSID, 0x215B, VOLATILE)                                                              \
	X(QRYCLSIMP, 0x215D, NUMBER)                                                               \
	X(PBSD_ISO, 0xC001, NUMBER)                                                                \
	X(PBSD_SCHEMA, 0xC002, TEXT)                                                               \
	/* managers, as values */                                                                  \
	X(AGENT, 0x1403, DATA)                                                                     \
	X(SECMGR, 0x1440, DATA)                                                                    \
	X(CMNTCPIP, 0x1474, DATA)                                                                  \
	X(CCSIDMGR, 0x14CC, DATA)                                                                  \
	X(XAMGR, 0x1C01, DATA)                                                                     \
	X(UNICODEMGR, 0x1C08, DATA)                                                                \
	X(SQLAM, 0x2407, DATA)                                                                     \
	X(RDB, 0x240F, DATA)                                                                       \
	X(LMTBLKPRC, 0x2417, DATA)                                                                 \
	X(FIXROWPRC, 0x2418, DATA)

enum codepoint {
#define CODEPOINT_ENUM(name, value, kind) CP_##name = (value),
	CODEPOINT_LIST(CODEPOINT_ENUM)
#undef CODEPOINT_ENUM
};

/* "EXCSAT"; NULL for a code point that is not in the list. */
const char *codepoint_name(unsigned cp);
/* KIND_DATA for a code point that is not in the list. */
enum codepoint_kind codepoint_kind(unsigned cp);

enum { CODEPOINT_TEXT_SIZE = 16 };
/* The name, or "0x1234"; for errors.  Returns dst. */
const char *codepoint_text(unsigned cp, char dst[CODEPOINT_TEXT_SIZE]);

#endif
