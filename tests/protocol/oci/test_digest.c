/* protocol/oci/digest.c */
#include "protocol/oci/digest.h"

#include "tests/harness.h"

#define OF_ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

TEST(known_digest_in_one_and_in_pieces)
{
	_cleanup_oci_hash_ struct oci_hash h = {0};
	struct err err = ERR_INIT;
	char a[OCI_DIGEST_SIZE], b[OCI_DIGEST_SIZE];

	REQUIRE_OK(oci_digest("abc", 3, a, &err), &err);
	REQUIRE_OK(oci_hash_init(&h, &err), &err);
	REQUIRE_OK(oci_hash_add(&h, "a", 1, &err), &err);
	REQUIRE_OK(oci_hash_add(&h, "bc", 2, &err), &err);
	REQUIRE_OK(oci_hash_end(&h, b, &err), &err);
	CHECK_STR(a, OF_ABC);
	CHECK_STR(b, OF_ABC);
}

TEST(only_whole_digests_are_valid)
{
	CHECK(oci_digest_valid(OF_ABC));
	CHECK(!oci_digest_valid(""));
	CHECK(!oci_digest_valid("sha256:"));
	CHECK(!oci_digest_valid(OF_ABC "0"));
	CHECK(!oci_digest_valid("sha512" OF_ABC));
	CHECK(!oci_digest_valid("sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
				"0015ad"));
	CHECK(!oci_digest_valid("sha256:../../../../../../../../../../../../../../../../../etc/pas"
				"swdx"));
}

TEST_MAIN()
