// SPDX-License-Identifier: GPL-2.0-only
/*
 * URIs: parts, what is refused and why, and when two are the same. The examples
 * of RFC 3261 19.1.3 and 19.1.4, RFC 3966 and RFC 5954 come first.
 */
#include "sip_fixture.h"
#include <errno.h>
#include "base/addr.h"
#include "sip/uri.h"

static struct cx_uri uri(const char *text)
{
	struct cx_uri u;
	const char *why = NULL;
	int err = cx_uri_parse(cx_text_of(text), &u, &why);

	if (err || why)
		fail_msg("%s: %s", text, why);
	return u;
}

static void refused(const char *text, const char *what)
{
	struct cx_uri u;
	const char *why = NULL;

	if (cx_uri_parse(cx_text_of(text), &u, &why) != -EINVAL || strcmp(why, what))
		fail_msg("%s: %s instead of %s", text, why, what);
	assert_int_equal(cx_uri_parse(cx_text_of(text), &u, NULL), -EINVAL);
}

static void parts(void **state)
{
	struct cx_uri u = uri("sip:alice:secretword@atlanta.com:5070;transport=tcp;lr?subject=x&to=y");
	struct cx_text value;

	assert_int_equal(u.scheme, CX_SCHEME_SIP);
	assert_text(u.user, "alice");
	assert_text(u.password, "secretword");
	assert_text(u.host, "atlanta.com");
	assert_int_equal(u.host_kind, CX_HOST_NAME);
	assert_int_equal(u.port, 5070);
	assert_text(u.params, ";transport=tcp;lr");
	assert_text(u.headers, "subject=x&to=y");
	assert_true(cx_uri_is_loose(&u));
	assert_true(cx_uri_param(&u, "Transport", &value));
	assert_text(value, "tcp");
	assert_int_equal(cx_uri_transport(&u), CX_TCP);
	assert_int_equal(cx_uri_port(&u), 5070);

	u = uri("SIPS:1212@gateway.com");
	assert_int_equal(u.scheme, CX_SCHEME_SIPS);
	assert_int_equal(cx_uri_port(&u), 5061);
	assert_int_equal(cx_uri_transport(&u), CX_TLS);
	assert_false(cx_uri_is_loose(&u));
	assert_null(u.password.p);
	assert_null(u.headers.p);

	u = uri("sip:+1-212;phone-context=x.com:1234@gateway.com;user=phone");
	assert_text(u.user, "+1-212;phone-context=x.com");
	assert_text(cx_uri_user_part(&u), "+1-212");
	assert_text(u.password, "1234");

	u = uri("sip:%61lice@atlanta.com;transport=UDP");
	assert_text(u.user, "%61lice");
	u = uri("sip:*21#@host"); /* not of the grammar, but dialled */
	assert_text(u.user, "*21#");
	u = uri("sip:a?b/c@host");
	assert_text(u.user, "a?b/c");
	u = uri("sip:host;transport=sctp");
	assert_int_equal(cx_uri_transport(&u), -EINVAL);
	assert_int_equal(cx_uri_port(&u), 5060);
	assert_int_equal(cx_uri_user_part(&u).n, 0);
	u = uri("sip:host;transport=ws");
	assert_int_equal(cx_uri_port(&u), 80);
	u = uri("sip:a@b?");
	assert_non_null(u.headers.p);
	assert_int_equal(u.headers.n, 0);
}

static void numeric_hosts(void **state)
{
	char text[CX_ADDR_TEXT];
	struct cx_uri u = uri("sip:[2001:DB8::10]:5070;lr");

	assert_text(u.host, "[2001:DB8::10]");
	assert_int_equal(u.host_kind, CX_HOST_IPV6);
	assert_int_equal(u.port, 5070);
	assert_string_equal(cx_addr_format(&u.addr, text), "2001:db8::10");
	u = uri("sip:[2001:db8::10:5070]");
	assert_int_equal(u.port, 0);
	u = uri("sip:a@192.0.2.1");
	assert_int_equal(u.host_kind, CX_HOST_IPV4);
	assert_string_equal(cx_addr_format(&u.addr, text), "192.0.2.1");
	u = uri("sip:a@abc.de"); /* nothing but hex digits and dots */
	assert_int_equal(u.host_kind, CX_HOST_NAME);
	u = uri("sip:[::ffff:192.0.2.10]");
	assert_int_equal(u.host_kind, CX_HOST_IPV6);
	assert_string_equal(cx_addr_format(&u.addr, text), "192.0.2.10");
	u = uri("sip:[2001:db8:::192.0.2.1]"); /* what RFC 3261's grammar says */
	assert_string_equal(cx_addr_format(&u.addr, text), "2001:db8::c000:201");
	u = uri("sip:[2001:0db8:0000:0000:0000:0000:192.168.100.200]");
	assert_int_equal(u.host_kind, CX_HOST_IPV6);
	u = uri("sip:a@192.0.2.256");
	assert_int_equal(u.host_kind, CX_HOST_NAME);
	refused("sip:2001:db8::10", "Bad Host in URI");
	refused("sip:[2001:db8:::10]", "Bad Host in URI");
	refused("sip:[192.0.2.1]", "Bad Host in URI");
	refused("sip:[::1", "Bad Host in URI");
	refused("sip:[]", "Bad Host in URI");
	refused("sip:[00000000000000000000000000000000000000000000000000000000001]", "Bad Host in URI");
}

/* Where a URI leads. */
static void maddr(void **state)
{
	char text[CX_ADDR_TEXT];
	struct cx_uri u = uri("sip:a@example.com:5070;lr;MADDR=192.0.2.1?x=y"), t = cx_uri_target(&u);

	assert_true(cx_uri_has_maddr(&u));
	assert_text(u.host, "example.com");
	assert_text(t.host, "192.0.2.1");
	assert_int_equal(t.host_kind, CX_HOST_IPV4);
	assert_int_equal(t.port, 5070);
	assert_string_equal(cx_addr_format(&t.addr, text), "192.0.2.1");
	u = uri("sip:192.0.2.9;maddr=[2001:db8::1]");
	t = cx_uri_target(&u);
	assert_string_equal(cx_addr_format(&t.addr, text), "2001:db8::1");
	u = uri("sip:192.0.2.9;maddr=ms.example.com");
	t = cx_uri_target(&u);
	assert_text(t.host, "ms.example.com");
	assert_int_equal(t.host_kind, CX_HOST_NAME);
	u = uri("sip:192.0.2.9;maddr=;x");
	t = cx_uri_target(&u);
	assert_false(cx_uri_has_maddr(&u));
	assert_int_equal(t.host_kind, CX_HOST_IPV4);
	u = uri("tel:+1;maddr=192.0.2.1");
	assert_false(cx_uri_has_maddr(&u));
	u = uri("sip:a;maddr=x@192.0.2.9");
	assert_false(cx_uri_has_maddr(&u));
}

static void bad(void **state)
{
	refused("", "Bad URI");
	refused("sip", "Bad URI");
	refused(":a", "Bad URI");
	refused("1sip:a", "Bad URI");
	refused("<sip:a>", "Bad URI");
	refused("sip:a b", "Bad URI");
	refused("sip:a\x01", "Bad URI");
	refused("sip:a@h?x=\"y\"", "Bad URI");
	refused("sip:", "Bad Host in URI");
	refused("sip:a@", "Bad Host in URI");
	refused("sip:@host", "Bad User in URI");
	refused("sip::pass@host", "Bad User in URI");
	refused("sip:a@b@host", "Bad User in URI");
	refused("sip:host:", "Bad Host in URI");
	refused("sip:host:0", "Bad Host in URI");
	refused("sip:host:65536", "Bad Host in URI");
	refused("sip:host:5060x", "Bad Parameter in URI");
	refused("sip:host;", "Bad Parameter in URI");
	refused("sip:host;;lr", "Bad Parameter in URI");
	refused("sip:host/path", "Bad Parameter in URI");
	refused("sip:%4@host", "Bad Escape in URI");
	refused("sip:%zz@host", "Bad Escape in URI");
	refused("sip:host;x=%", "Bad Escape in URI");
	refused("tel:", "Bad Number in URI");
	refused("tel:+", "Bad Number in URI");
	refused("tel:+-.", "Bad Number in URI");
	refused("tel:+1z", "Bad Number in URI");
	refused("tel:+1;", "Bad Parameter in URI");
}

static void other_schemes(void **state)
{
	struct cx_uri u = uri("tel:+1-201-555-0123;phone-context=x;ext=5");
	struct cx_text value;

	assert_int_equal(u.scheme, CX_SCHEME_TEL);
	assert_text(u.user, "+1-201-555-0123");
	assert_int_equal(u.host.n, 0);
	assert_true(cx_uri_param(&u, "ext", &value));
	assert_text(value, "5");
	u = uri("tel:*#A(1).2");
	assert_text(cx_uri_user_part(&u), "*#A(1).2");
	u = uri("soap.beep://192.0.2.103:3002");
	assert_int_equal(u.scheme, CX_SCHEME_OTHER);
	assert_text(u.scheme_text, "soap.beep");
	u = uri("http+x-1:%zz@@@");
	assert_int_equal(u.scheme, CX_SCHEME_OTHER);
}

static void same(const char *a, const char *b, bool expected)
{
	struct cx_uri x = uri(a), y = uri(b);

	if (cx_uri_equal(&x, &y) != expected || cx_uri_equal(&y, &x) != expected)
		fail_msg("%s and %s are %s", a, b, expected ? "the same" : "different");
}

static void sip_equality(void **state)
{
	/* RFC 3261 19.1.4: the same */
	same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true);
	same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true);
	same("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true);
	same("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	     "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true);
	same("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	     "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true);
	/* not the same */
	same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false);
	same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false);
	same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false);
	same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false);
	same("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false);
	same("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false);
	same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false);
	/* ours */
	same("sip:a@h", "sips:a@h", false);
	same("sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]", true);
	same("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]", false);
	same("sip:a@h", "sip:a:@h", false);
	same("sip:a:b@h", "sip:a:c@h", false);
	same("sip:a%3Bb@h", "sip:a;b@h", false); /* a reserved character is not its escape */
	same("sip:a%3bb@h", "sip:a%3Bb@h", true);
	same("sip:a@h;maddr=x", "sip:a@h", false);
	same("sip:a@h;user=phone", "sip:a@h", false);
	same("sip:a@h;ttl=1", "sip:a@h;ttl=2", false);
	same("sip:a@h;lr", "sip:a@h", true);
	same("sip:a@h;x", "sip:a@h;x=1", false);
	same("sip:a@h?x=1", "sip:a@h?x=2", false);
	same("sip:a@h?x=1&y", "sip:a@h?y&X=1", true);
	same("sip:a@h?x=A", "sip:a@h?x=a", false);
	same("sip:a%00@h", "sip:a%00@h;x=1", true);
}

static void tel_equality(void **state)
{
	same("tel:+1-201-555-0123", "tel:+12015550123", true);
	same("tel:+1-201-555-0123", "TEL:+1(201)555.0123", true);
	same("tel:12015550123", "tel:+12015550123", false);
	same("tel:863-1234;phone-context=+1-914-555", "tel:8631234;Phone-Context=+1-914-555", true);
	same("tel:8631234;phone-context=a", "tel:8631234;phone-context=b", false);
	same("tel:1;a=1;b=2", "tel:1;b=2;a=1", true);
	same("tel:1;a=1", "tel:1", false);
	same("tel:1A", "tel:1a", true);
	same("tel:1", "tel:12", false);
	same("tel:1", "sip:1", false);
	same("urn:a:b", "URN:a:b", true);
	same("urn:a:b", "urn:A:b", false);
	same("urn:a", "url:a", false);
}

/* More parameters than are compared: the same only as equal texts. */
static void many_parameters(void **state)
{
	char a[1024] = "sip:h", b[1024] = "sip:H";

	for (int i = 0; i < 40; i++) {
		sprintf(a + strlen(a), ";p%d=1", i);
		sprintf(b + strlen(b), ";p%d=1", i);
	}
	same(a, a, true);
	same(a, b, false);
}

static void escapes(void **state)
{
	char out[8];

	assert_int_equal(cx_text_unescape(CX_TEXT("a%20%41%ff"), out, sizeof(out)), 4);
	assert_memory_equal(out, "a A\xff", 4);
	assert_int_equal(cx_text_unescape(CX_TEXT("12345678"), out, 8), 8);
	assert_int_equal(cx_text_unescape(CX_TEXT("123456789"), out, 8), -ENOSPC);
	assert_int_equal(cx_text_unescape(CX_TEXT("%2"), out, 8), -EINVAL);
	assert_false(cx_text_equal_escaped(CX_TEXT("a%"), CX_TEXT("a%"), false));
	assert_false(cx_text_equal_escaped(CX_TEXT("ab"), CX_TEXT("a"), false));
	assert_true(cx_text_equal_escaped(CX_TEXT("AB"), CX_TEXT("%61b"), true));
}

static void texts(void **state)
{
	struct cx_text t = CX_TEXT("\"a\\\"b\" c");
	uint32_t value = 5;

	assert_text(cx_text_take_quoted(&t), "\"a\\\"b\"");
	assert_text(t, " c");
	assert_int_equal(cx_text_take_quoted(&t).n, 0);
	t = CX_TEXT("\"a\\\"");
	assert_int_equal(cx_text_take_quoted(&t).n, 0);
	assert_int_equal(cx_text_number(CX_TEXT("00042"), 42, &value), 0);
	assert_int_equal(value, 42);
	assert_int_equal(cx_text_number(CX_TEXT("43"), 42, &value), -ERANGE);
	assert_int_equal(cx_text_number(CX_TEXT("99999999999999999999999"), UINT32_MAX, &value), -ERANGE);
	assert_int_equal(cx_text_number(CX_TEXT("99999999999999999999999x"), 42, &value), -EINVAL);
	assert_int_equal(cx_text_number(CX_TEXT(""), 42, &value), -EINVAL);
	assert_int_equal(value, 42);
	/* case: letters alone, in every place of a word */
	assert_true(cx_text_is_nocase(CX_TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "abcdefghijklmnopqrstuvwxyz"));
	assert_false(cx_text_is_nocase(CX_TEXT("abcdefgh@"), "abcdefgh`"));
	assert_false(cx_text_is_nocase(CX_TEXT("[bcdefgh"), "{bcdefgh"));
	assert_false(cx_text_is_nocase(CX_TEXT("\xc1"
					       "bcdefgh"),
				       "\xe1"
				       "bcdefgh"));
	assert_false(cx_text_is_nocase(CX_TEXT("abcdefghi"), "abcdefghj"));
	assert_false(cx_text_is_nocase(CX_TEXT("abc"), "abd"));
	assert_int_equal(cx_transport_of_name(CX_TEXT("wss")), CX_WSS);
	assert_text(cx_transport_name(CX_TLS), "TLS");
	assert_int_equal(cx_transport_port(CX_WSS), 443);
	assert_int_equal(cx_transport_port(-1), 5060);
	assert_int_equal(cx_transport_port(99), 5060);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts),
	    cmocka_unit_test(numeric_hosts),
	    cmocka_unit_test(maddr),
	    cmocka_unit_test(bad),
	    cmocka_unit_test(other_schemes),
	    cmocka_unit_test(sip_equality),
	    cmocka_unit_test(tel_equality),
	    cmocka_unit_test(many_parameters),
	    cmocka_unit_test(escapes),
	    cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
