/* SPDX-License-Identifier: MIT */
/* test_jwt_commands.c - gentoken, gensubtoken, checktoken, checksubtoken. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static char output[8192];

static int
command(const struct auth_conf *conf, char *const *args)
{
	char *argv[16];
	size_t len = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);
	int argc = 0, status;

	for (; args[argc] != NULL; argc++)
		argv[argc] = args[argc];
	argv[argc] = NULL;
	status = auth_command(conf, NOW, f, argc, argv);
	fclose(f);
	snprintf(output, sizeof output, "%s", text);
	free(text);
	return (status);
}

#define RUN(conf, ...)	command((conf), (char *const[]){ __VA_ARGS__, NULL })
#define S(s)		((char *)(uintptr_t)(s))

static struct auth_conf
command_conf(void)
{
	struct auth_conf conf = { .token = hmac_conf(), .subscription = { CONF_EMPTY } };

	return (conf);
}

static void
test_gentoken(void **state)
{
	static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
	struct auth_conf conf = command_conf();
	char token[sizeof output], want[2 * sizeof output];

	(void)state;
	assert_int_equal(RUN(&conf, S("gentoken"), S("-q"), S("-u"), S("42"), S("-t"), S("60")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_memory_equal(token, header, strlen(header));
	assert_null(strchr(token, '\n'));
	assert_int_equal(RUN(&conf, S("gentoken"), S("--user"), S("42"), S("--ttl"), S("60")), 0);
	snprintf(want, sizeof want, "HMAC SHA-256 JWT for user \"42\" with expiration TTL 1m0s:\n%s\n",
	    token);
	assert_string_equal(output, want);
	assert_int_equal(RUN(&conf, S("checktoken"), token), 0);
	assert_string_equal(output, "valid token for user 42\n"
	    "payload: {\"exp\":1700000060,\"iat\":1700000000,\"sub\":\"42\"}\n");
	assert_int_equal(RUN(&conf, S("gentoken")), 0);
	assert_non_null(strstr(output, "for anonymous user with expiration TTL 168h0m0s:\n"));
	assert_int_equal(RUN(&conf, S("gentoken"), S("-t"), S("-1")), 0);
	assert_non_null(strstr(output, "for anonymous user without expiration:\n"));
	assert_int_equal(RUN(&conf, S("gentoken"), S("-t"), S("x")), 2);
	assert_int_equal(RUN(&conf, S("gentoken"), S("-s"), S("ch")), 2);
	assert_int_equal(RUN(&conf, S("gentoken"), S("extra")), 2);
	conf.token.user_id_claim = "uid";
	assert_int_equal(RUN(&conf, S("gentoken"), S("-q"), S("-u"), S("7"), S("-t"), S("-1")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_int_equal(RUN(&conf, S("checktoken"), token), 0);
	assert_non_null(strstr(output, "\"uid\":\"7\""));
	conf.token.hmac_secret_key = "";
	assert_int_equal(RUN(&conf, S("gentoken")), 1);
	assert_memory_equal(output, "error: gentoken only supports ", 30);
}

static void
test_gensubtoken(void **state)
{
	struct auth_conf conf = command_conf();
	char token[sizeof output];

	(void)state;
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-u"), S("1")), 2);
	assert_string_equal(output, "channel is required\n");
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-u"), S("1"), S("-s"), S("ch")), 0);
	assert_non_null(strstr(output, "HMAC SHA-256 JWT for user \"1\" and channel \"ch\" "
	    "with expiration TTL 168h0m0s:\n"));
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-q"), S("-u"), S("1"), S("-s"), S("ch")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_int_equal(RUN(&conf, S("checksubtoken"), token), 0);
	assert_non_null(strstr(output, "valid subscription token for user \"1\" and channel \"ch\"\n"
	    "payload: {\"channel\":\"ch\","));
	/* It is no connection token, and another section's key does not fit. */
	assert_int_equal(RUN(&conf, S("checktoken"), token), 1);
	conf.subscription_enabled = 1;
	conf.subscription.hmac_secret_key = "another";
	assert_int_equal(RUN(&conf, S("checksubtoken"), token), 1);
}

static void
test_checktoken_failures(void **state)
{
	struct auth_conf conf = command_conf();
	char *jwt;

	(void)state;
	assert_int_equal(RUN(&conf, S("checktoken")), 2);
	assert_string_equal(output, "error: provide token to check [rotor checktoken <TOKEN>]\n");
	assert_int_equal(RUN(&conf, S("checktoken"), S("x.y.z")), 1);
	assert_memory_equal(output, "error: invalid token: ", 22);
	jwt = make("{\"sub\":\"\\u001b[31m\"}", "HS256", "wrong", NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 1);
	assert_string_equal(output, "error: token with algorithm HS256 and claims "
	    "{\"sub\":\"\\u001b[31m\"} has error: invalid token: signature does not match\n");
	free(jwt);
	jwt = make("{\"exp\":1}", "HS256", SECRET, NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 1);
	assert_non_null(strstr(output, " has error: token expired\n"));
	free(jwt);
	/* No control bytes reach the terminal. */
	jwt = make("{\"sub\":\"\\u001b[31m\"}", "HS256", SECRET, NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 0);
	assert_memory_equal(output, "valid token for user ?[31m\n", 27);
	free(jwt);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gentoken),
		cmocka_unit_test(test_gensubtoken),
		cmocka_unit_test(test_checktoken_failures),
	};

	return (cmocka_run_group_tests(tests, jwt_setup, jwt_teardown));
}
