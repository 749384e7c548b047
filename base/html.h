/*
 * What HTML needs of text, for everyone who writes it.
 */
#ifndef BASE_HTML_H
#define BASE_HTML_H

/* "&amp;" and the like for the five characters that mean something in text or an attribute, else
 * NULL. */
const char *html_entity(char c);

#endif
