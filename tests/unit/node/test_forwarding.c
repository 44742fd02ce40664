/* SPDX-License-Identifier: Apache-2.0 */
#include "node/forwarding.h"

#include <check.h>

#define OURS(how, direction) how " FORWARD " direction " k8c0 -m comment --comment k8c-pods -j ACCEPT\n"

static const struct { const char *save, *want; } missing[] = {
	{ "", "" },
	{ "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", "" },
	/* Docker */
	{ "# x\n*filter\n:FORWARD DROP [9:9]\n-A FORWARD -j DOCKER-USER\nCOMMIT\n",
	  "*filter\n" OURS("-I", "-i") OURS("-I", "-o") "COMMIT\n" },
	{ "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n",
	  "*filter\n" OURS("-I", "-i") OURS("-I", "-o") "COMMIT\n" },
	/* one of them is still there, or both are */
	{ "*filter\n:FORWARD DROP [9:9]\n" OURS("-A", "-i") "COMMIT\n", "*filter\n" OURS("-I", "-o") "COMMIT\n" },
	{ "*filter\n:FORWARD DROP [9:9]\n" OURS("-A", "-o") OURS("-A", "-i") "COMMIT\n", "" },
	/* another bridge's, another table's */
	{ "*filter\n:FORWARD DROP [9:9]\n-A FORWARD -i k8c1 -m comment --comment k8c-pods -j ACCEPT\n" OURS("-A", "-i") "COMMIT\n",
	  "*filter\n" OURS("-I", "-o") "COMMIT\n" },
	{ "*mangle\n:FORWARD DROP [9:9]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", "" },
};

START_TEST(only_where_others_refuse_pods_are_accepted) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ck_assert_int_eq(forwarding_missing(&b, slice_str(missing[_i].save), "k8c0"), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), missing[_i].want), "%.*s", SLICE_FMT(buf_slice(&b)));
}
END_TEST

#define PORTMAP_CHAINS "*nat\n:PREROUTING ACCEPT [0:0]\n:CNI-HOSTPORT-DNAT - [0:0]\n:CNI-HOSTPORT-MASQ - [0:0]\n"                       \
		       "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n"                                              \
		       "-A POSTROUTING -m comment --comment \"CNI portfwd requiring masquerade\" -j CNI-HOSTPORT-MASQ\n"                 \
		       "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE\n"

static const struct { const char *save, *want; } leftovers[] = {
	{ "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j DOCKER-USER\nCOMMIT\n", "" },
	{ "*filter\n:FORWARD DROP [0:0]\n" OURS("-A", "-o") OURS("-A", "-i") "-A FORWARD -j DOCKER-USER\nCOMMIT\n",
	  "*filter\n" OURS("-D", "-o") OURS("-D", "-i") "COMMIT\n" },
	{ PORTMAP_CHAINS "COMMIT\n",
	  "*nat\n-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n"
	  "-D POSTROUTING -m comment --comment \"CNI portfwd requiring masquerade\" -j CNI-HOSTPORT-MASQ\n"
	  "-F CNI-HOSTPORT-DNAT\n-X CNI-HOSTPORT-DNAT\n-F CNI-HOSTPORT-MASQ\n-X CNI-HOSTPORT-MASQ\nCOMMIT\n" },
	/* somebody else's port is forwarded */
	{ PORTMAP_CHAINS "-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-1234\nCOMMIT\n", "" },
};

START_TEST(only_our_own_rules_are_taken_away) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ck_assert_int_eq(forwarding_leftovers(&b, slice_str(leftovers[_i].save), "k8c0"), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), leftovers[_i].want), "%.*s", SLICE_FMT(buf_slice(&b)));
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-forwarding");
	TCase *t = tcase_create("rules");
	tcase_add_loop_test(t, only_where_others_refuse_pods_are_accepted, 0, ELEMENTSOF(missing));
	tcase_add_loop_test(t, only_our_own_rules_are_taken_away, 0, ELEMENTSOF(leftovers));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
