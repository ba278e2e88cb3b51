/* SPDX-License-Identifier: Apache-2.0 */
#include "output/syslog_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most reads of what a server says, which nobody wants, at a time. */
#define LOOKS_MAX 64

struct tc_syslog_tls {
	SSL *ssl;
};

/* What OpenSSL says of the first error in its queue, which is emptied. */
static const char *queue_reason(void)
{
	unsigned long error = ERR_get_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	if (error && ERR_SYSTEM_ERROR(error))
		reason = strerror(ERR_GET_REASON(error));
	ERR_clear_error();
	return reason ? reason : "the connection failed";
}

static int say(struct tc_syslog_why *why, int error, const char *what, const char *of)
{
	snprintf(why->text, sizeof(why->text), "%s%s: %s", what, of, queue_reason());
	return error;
}

/* --- settings --- */

static int load_authorities(const struct tc_syslog_tls_settings *settings, SSL_CTX *context,
			    struct tc_syslog_why *why)
{
	if (!settings->verify)
		return 0;
	if (settings->ca ? !SSL_CTX_load_verify_file(context, settings->ca)
			 : !SSL_CTX_set_default_verify_paths(context))
		return say(why, -EINVAL, "cannot read certificates of authorities from ",
			   settings->ca ? settings->ca : "the system's directory");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return 0;
}

static int load_own(const struct tc_syslog_tls_settings *settings, SSL_CTX *context,
		    struct tc_syslog_why *why)
{
	const char *key = settings->key ? settings->key : settings->certificate;

	if (!settings->certificate)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, settings->certificate) != 1)
		return say(why, -EINVAL, "cannot read the certificate in ", settings->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return say(why, -EINVAL, "cannot use the key in ", key);
	return 0;
}

/* OpenSSL would ask for it on the terminal, and wait. */
static int no_password(char *buffer, int size, int writing, void *context)
{
	return -1;
}

static int make_context(const struct tc_syslog_tls_settings *settings, SSL_CTX **ret_context,
			struct tc_syslog_why *why)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int error;

	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)) {
		SSL_CTX_free(context);
		return say(why, -ENOMEM, "TLS", "");
	}
	SSL_CTX_set_default_passwd_cb(context, no_password);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	/* What waits moves in memory, and a part of it may be sent. */
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	error = load_authorities(settings, context, why);
	if (!error)
		error = load_own(settings, context, why);
	if (error) {
		SSL_CTX_free(context);
		return error;
	}
	*ret_context = context;
	return 0;
}

/* The name that is asked for (RFC 6066: not an address), and the one the certificate must have. */
static bool name_server(const struct tc_syslog_tls_settings *settings, SSL *ssl)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	bool is_address = X509_VERIFY_PARAM_set1_ip_asc(param, settings->server);

	ERR_clear_error();
	if (is_address)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, settings->server) &&
	       SSL_set_tlsext_host_name(ssl, settings->server);
}

int tc_syslog_tls_start(const struct tc_syslog_tls_settings *settings, int fd,
			struct tc_syslog_tls **ret_tls, struct tc_syslog_why *why)
{
	struct tc_syslog_tls *tls = calloc(1, sizeof(*tls));
	SSL_CTX *context = NULL;
	int error = tls ? make_context(settings, &context, why) : -ENOMEM;

	if (!error) {
		tls->ssl = SSL_new(context);
		if (!tls->ssl || !name_server(settings, tls->ssl) ||
		    (fd >= 0 && !SSL_set_fd(tls->ssl, fd)))
			error = say(why, -EINVAL, "TLS for ", settings->server);
	}
	SSL_CTX_free(context);
	if (error || fd < 0) {
		tc_syslog_tls_free(tls);
		return error;
	}
	*ret_tls = tls;
	return 0;
}

/* --- connection --- */

/* What a call that returned result <= 0 means. */
static int result_of(struct tc_syslog_tls *tls, int result, short *ret_events,
		     struct tc_syslog_why *why)
{
	int number = errno;

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*ret_events = POLLIN;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*ret_events = POLLOUT;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		snprintf(why->text, sizeof(why->text), "the server closed the connection");
		return -ECONNRESET;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		snprintf(why->text, sizeof(why->text), "%s",
			 number ? strerror(number) : "the server closed the connection");
		return -ECONNRESET;
	default:
		return say(why, -EPROTO, "TLS", "");
	}
}

int tc_syslog_tls_handshake(struct tc_syslog_tls *tls, short *ret_events, struct tc_syslog_why *why)
{
	long verified;
	int result, error;

	errno = 0;
	result = SSL_connect(tls->ssl);
	if (result == 1)
		return 0;
	verified = SSL_get_verify_result(tls->ssl);
	error = result_of(tls, result, ret_events, why);
	if (error != -EAGAIN && verified != X509_V_OK)
		snprintf(why->text, sizeof(why->text), "the server's certificate is refused: %s",
			 X509_verify_cert_error_string(verified));
	return error;
}

ssize_t tc_syslog_tls_send(struct tc_syslog_tls *tls, const char *bytes, size_t length,
			   short *ret_events, struct tc_syslog_why *why)
{
	size_t written = 0;
	int result;

	errno = 0;
	result = SSL_write_ex(tls->ssl, bytes, length, &written);
	return result == 1 ? (ssize_t)written : result_of(tls, result, ret_events, why);
}

int tc_syslog_tls_look(struct tc_syslog_tls *tls, struct tc_syslog_why *why)
{
	char said[1024];
	size_t length;
	short events;
	int result = 1;

	for (unsigned i = 0; i < LOOKS_MAX && result == 1; i++) {
		errno = 0;
		result = SSL_read_ex(tls->ssl, said, sizeof(said), &length);
	}
	if (result == 1)
		return -EAGAIN;
	return result_of(tls, result, &events, why);
}

uint64_t tc_syslog_tls_written(const struct tc_syslog_tls *tls)
{
	return BIO_number_written(SSL_get_wbio(tls->ssl));
}

const char *tc_syslog_tls_version(const struct tc_syslog_tls *tls)
{
	return SSL_get_version(tls->ssl);
}

void tc_syslog_tls_free(struct tc_syslog_tls *tls)
{
	if (!tls)
		return;
	if (tls->ssl && SSL_is_init_finished(tls->ssl))
		SSL_shutdown(tls->ssl);
	ERR_clear_error();
	SSL_free(tls->ssl);
	free(tls);
}
