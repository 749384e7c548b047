/* SHA-256 as the image formats write it. */
#include "protocol/oci/digest.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <string.h>

enum { SHA256_SIZE = 32 };

static int failed(struct err *err)
{
	return err_set(err, E_UNSUPPORTED, "OpenSSL does not compute SHA-256");
}

int oci_hash_init(struct oci_hash *h, struct err *err)
{
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx)
		return err_nomem(err);
	return EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) ? 0 : failed(err);
}

int oci_hash_add(struct oci_hash *h, const void *p, size_t n, struct err *err)
{
	return EVP_DigestUpdate(h->ctx, p, n) ? 0 : failed(err);
}

static void write_digest(const unsigned char md[SHA256_SIZE], char dst[OCI_DIGEST_SIZE])
{
	memcpy(dst, OCI_DIGEST_PREFIX, strlen(OCI_DIGEST_PREFIX));
	str_hex(dst + strlen(OCI_DIGEST_PREFIX), md, SHA256_SIZE);
}

int oci_hash_end(struct oci_hash *h, char dst[OCI_DIGEST_SIZE], struct err *err)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (!EVP_DigestFinal_ex(h->ctx, md, NULL))
		return failed(err);
	write_digest(md, dst);
	return 0;
}

void oci_hash_release(struct oci_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

int oci_digest(const void *p, size_t n, char dst[OCI_DIGEST_SIZE], struct err *err)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (EVP_Digest(n ? p : "", n, md, NULL, EVP_sha256(), NULL) != 1)
		return failed(err);
	write_digest(md, dst);
	return 0;
}

bool oci_digest_valid(const char *text)
{
	size_t n = strlen(OCI_DIGEST_PREFIX);

	return strlen(text) == OCI_DIGEST_SIZE - 1 && str_starts(text, OCI_DIGEST_PREFIX) &&
	       strspn(text + n, "0123456789abcdef") == OCI_DIGEST_SIZE - 1 - n;
}
