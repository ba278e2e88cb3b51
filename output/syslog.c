/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output to syslog: the local socket, UDP, TCP and TLS.
 *
 * Syslog has no acknowledgements. What was sent counts as delivered when it has arrived (see
 * output/syslog_link.h) and the connection then held for a while (settle=): a server that dies, or
 * a port where nobody listens, is noticed within that time, and everything since is sent again. So
 * a message may come twice. It is lost when the server takes it off the socket and dies before it
 * stores it, longer than settle= before that is noticed; with UDP also on the way, unnoticed.
 *
 * Not each message is remembered for that, but up to MILESTONES points in their order.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "output/output.h"
#include "output/syslog_link.h"
#include "output/syslog_message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define MILESTONES 64
/* While nothing is left to send, news are asked for so often. */
#define IDLE_NS (50 * NS_PER_MS)
/* That messages were too large is told at once, and then no more often. */
#define OVERSIZE_TELL_NS (60 * NS_PER_S)
#define SIZE_MAX_DATAGRAM 65507
#define SIZE_MAX_STREAM (1024 * 1024)
#define PATH_DEFAULT "/dev/log"

/* All messages up to a row end before a position in what was sent. */
struct milestone {
	uint64_t seq, position;
	uint64_t made_ns, arrived_ns; /* arrived_ns 0: not yet */
};

struct syslog {
	char *name;
	struct tc_syslog_style style;
	char hostname[TC_SYSLOG_HOSTNAME_MAX + 1];
	char app[TC_SYSLOG_APP_MAX + 1];
	char sd_id[TC_SYSLOG_SD_ID_MAX + 1];
	struct tc_syslog_place place;
	struct tc_syslog_link *link;
	uint64_t settle_ns;

	struct tc_outbox outbox;
	struct milestone milestones[MILESTONES];
	size_t n_milestones;
	uint64_t delivered_seq; /* since the last reset; 0: none */
	uint64_t progress_ns;	/* when something arrived last, or there was nothing to send */
	uint64_t arrived;	/* at that time */

	struct tc_syslog_why told; /* of the failures in a row, the one logged last */
	uint64_t oversize, oversize_told, oversize_told_ns, cut_bytes;
};

static const struct tc_output_key keys[] = {
	{"transport", "local udp tcp tls",
	 "the local socket, RFC 5426, RFC 6587 with octet counting, or RFC 5425"},
	{"address", NULL, "HOST:PORT or [ADDRESS]:PORT of the server (port 514; tls: 6514)"},
	{"path", NULL, "the local socket (" PATH_DEFAULT ")"},
	{"header", "auto rfc5424 bsd",
	 "auto: rfc5424, but for the local socket bsd, which is what journald and others expect "
	 "there"},
	{"facility", NULL, "local0, daemon ... (authpriv: command lines are private)"},
	{"app", NULL, "APP-NAME (tocsin)"},
	{"hostname", NULL, "HOSTNAME (this host's)"},
	{"sd", "yes no", "structured data: seq, uuid, rule, cgroup, exe ... of the alert"},
	{"sd.id", NULL,
	 "SD-ID: NAME@NUMBER (tocsin@32473; that number is the one for documentation, take your "
	 "own)"},
	{"bom", "yes no", "a byte order mark before MSG, as RFC 5424 asks for UTF-8"},
	{"max_size", NULL, "of a message (udp: 2048, others: 8192)"},
	{"oversize", "split cut", "what becomes of a message that is larger"},
	{"settle", NULL,
	 "so long a connection must hold before what arrived counts as delivered; if it does not, "
	 "that is sent again (1s)"},
	{"timeout", NULL, "to connect, and without progress before that is tried anew (30s)"},
	{"tls.verify", "yes no", "no: whoever answers is told everything"},
	{"tls.ca", NULL, "file of certificates to trust (the system's)"},
	{"tls.name", NULL, "name that the server's certificate must have (that of address)"},
	{"tls.cert", NULL,
	 "certificate to show to the server, with its chain; read at each connect"},
	{"tls.key", NULL, "its key, without a password (in the same file)"},
	{0},
};

/* --- settings --- */

static bool is_word(const struct tc_output_settings *settings, const char *key, const char *word)
{
	const char *value = tc_output_setting(settings, key);

	return value && strcmp(value, word) == 0;
}

static int copy(char **copied, const struct tc_output_settings *settings, const char *key,
		const char *otherwise)
{
	const char *value = tc_output_setting(settings, key);

	value = value ? value : otherwise;
	*copied = value ? strdup(value) : NULL;
	return value && !*copied ? -ENOMEM : 0;
}

static int read_transport(struct syslog *syslog, const struct tc_output_settings *settings)
{
	static const char *const words[] = {"local", "udp", "tcp", "tls"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (is_word(settings, "transport", words[i]))
			syslog->place.transport = (enum tc_syslog_transport)i;
	return 0;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static int split_address(struct syslog *syslog, const char *address)
{
	const char *port = syslog->place.transport == TC_SYSLOG_TLS ? "6514" : "514";
	bool bracket = *address == '[';
	const char *host = address + bracket;
	size_t length = strcspn(host, bracket ? "]" : ":");
	const char *rest = host + length + (bracket && host[length]);

	if (*rest == ':')
		port = rest + 1;
	if (!length || !*port || (*rest && *rest != ':') || strchr(port, ':') ||
	    (bracket && !host[length])) {
		tc_error("output %s: address=%s: it must be HOST:PORT or [ADDRESS]:PORT",
			 syslog->name, address);
		return -EINVAL;
	}
	syslog->place.host = strndup(host, length);
	syslog->place.port = strdup(port);
	return syslog->place.host && syslog->place.port ? 0 : -ENOMEM;
}

static int read_place(struct syslog *syslog, const struct tc_output_settings *settings)
{
	const char *address = tc_output_setting(settings, "address");
	bool local = syslog->place.transport == TC_SYSLOG_LOCAL;

	if (local && (address || tc_output_setting(settings, "tls.ca"))) {
		tc_error("output %s: the local socket has no address; give transport=udp, tcp or "
			 "tls",
			 syslog->name);
		return -EINVAL;
	}
	if (!local && !address) {
		tc_error("output %s: it needs the server's address: "
			 "syslog:transport=tls,address=log.example.org:6514",
			 syslog->name);
		return -EINVAL;
	}
	if (!local)
		return split_address(syslog, address);
	if (copy(&syslog->place.path, settings, "path", PATH_DEFAULT))
		return -ENOMEM;
	if (strlen(syslog->place.path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		tc_error("output %s: path=%s is too long for a socket", syslog->name,
			 syslog->place.path);
		return -ENAMETOOLONG;
	}
	return 0;
}

static int read_tls(struct syslog *syslog, const struct tc_output_settings *settings)
{
	struct tc_syslog_tls_settings *tls = &syslog->place.tls;
	struct tc_syslog_tls *none;
	struct tc_syslog_why why;

	tls->verify = is_word(settings, "tls.verify", "yes");
	if (syslog->place.transport != TC_SYSLOG_TLS)
		return 0;
	if (copy(&tls->server, settings, "tls.name", syslog->place.host) ||
	    copy(&tls->ca, settings, "tls.ca", NULL) ||
	    copy(&tls->certificate, settings, "tls.cert", NULL) ||
	    copy(&tls->key, settings, "tls.key", NULL))
		return -ENOMEM;
	if (tc_syslog_tls_start(tls, -1, &none, &why)) {
		tc_error("output %s: %s", syslog->name, why.text);
		return -EINVAL;
	}
	if (!tls->verify)
		tc_warning("output %s: tls.verify=no: the server's certificate is not looked at; "
			   "whoever gets in between reads and changes everything",
			   syslog->name);
	return 0;
}

static int read_facility(struct syslog *syslog, const struct tc_output_settings *settings)
{
	const char *name = tc_output_setting(settings, "facility");
	_cleanup_buffer_ struct tc_buffer known = {0};
	int facility = tc_syslog_facility(name ? name : "authpriv");

	if (facility < 0) {
		tc_syslog_facility_list(&known);
		tc_error("output %s: facility=%s: there are %s", syslog->name, name, known.bytes);
		return -EINVAL;
	}
	syslog->style.facility = (unsigned)facility;
	return 0;
}

/* Section 6.3.2: names that are not registered have an @ and the number of an enterprise. */
static int read_sd_id(struct syslog *syslog, const struct tc_output_settings *settings)
{
	const char *id = tc_output_setting(settings, "sd.id");
	const char *at;

	tc_syslog_name(syslog->sd_id, sizeof(syslog->sd_id), id ? id : "tocsin@32473");
	at = strchr(syslog->sd_id, '@');
	if ((id && strcmp(id, syslog->sd_id) != 0) || strpbrk(syslog->sd_id, "=]\"") || !at ||
	    at == syslog->sd_id || !at[1] || strspn(at + 1, "0123456789.") != strlen(at + 1)) {
		tc_error("output %s: sd.id=%s: it must be NAME@NUMBER, at most %d characters",
			 syslog->name, id, TC_SYSLOG_SD_ID_MAX);
		return -EINVAL;
	}
	return 0;
}

static int read_size(struct syslog *syslog, const struct tc_output_settings *settings)
{
	bool datagrams = syslog->place.transport <= TC_SYSLOG_UDP;
	uint64_t size = syslog->place.transport == TC_SYSLOG_UDP ? 2048 : 8192;
	uint64_t size_max = datagrams ? SIZE_MAX_DATAGRAM : SIZE_MAX_STREAM;
	int error = tc_output_setting_number(settings, "max_size", TC_OPTION_SIZE, &size);

	if (!error && (size < TC_SYSLOG_SIZE_MIN || size > size_max)) {
		tc_error("output %s: max_size must be from %d to %llu", syslog->name,
			 TC_SYSLOG_SIZE_MIN, (unsigned long long)size_max);
		return -EINVAL;
	}
	syslog->style.size_max = (size_t)size;
	return error;
}

static int read_times(struct syslog *syslog, const struct tc_output_settings *settings)
{
	int error;

	syslog->settle_ns = NS_PER_S;
	syslog->place.timeout_ns = 30 * NS_PER_S;
	error = tc_output_setting_number(settings, "settle", TC_OPTION_DURATION,
					 &syslog->settle_ns);
	if (!error)
		error = tc_output_setting_number(settings, "timeout", TC_OPTION_DURATION,
						 &syslog->place.timeout_ns);
	if (!error && (syslog->place.timeout_ns < NS_PER_MS ||
		       syslog->place.timeout_ns / NS_PER_MS > INT_MAX)) {
		tc_error("output %s: timeout must be from 1ms to 24d", syslog->name);
		return -EINVAL;
	}
	return error;
}

static void read_style(struct syslog *syslog, const struct tc_output_settings *settings)
{
	const char *app = tc_output_setting(settings, "app");
	const char *hostname = tc_output_setting(settings, "hostname");
	char own[HOST_NAME_MAX + 1] = "";

	gethostname(own, sizeof(own) - 1);
	tc_syslog_name(syslog->app, sizeof(syslog->app), app ? app : "tocsin");
	tc_syslog_name(syslog->hostname, sizeof(syslog->hostname), hostname ? hostname : own);
	syslog->style.app = syslog->app;
	syslog->style.hostname = syslog->hostname;
	syslog->style.sd_id = syslog->sd_id;
	syslog->style.pid = getpid();
	syslog->style.bsd =
		is_word(settings, "header", "bsd") ||
		(is_word(settings, "header", "auto") && syslog->place.transport == TC_SYSLOG_LOCAL);
	syslog->style.structured = is_word(settings, "sd", "yes");
	syslog->style.bom = is_word(settings, "bom", "yes");
	syslog->style.split = is_word(settings, "oversize", "split");
}

static int settings_read(struct syslog *syslog, const struct tc_output_settings *settings)
{
	static int (*const readers[])(struct syslog *, const struct tc_output_settings *) = {
		read_transport, read_place, read_tls,	read_facility,
		read_sd_id,	read_size,  read_times,
	};
	int error = copy(&syslog->name, settings, "name", "syslog");

	for (size_t i = 0; i < COUNT(readers) && !error; i++)
		error = readers[i](syslog, settings);
	if (!error)
		read_style(syslog, settings);
	return error;
}

static void syslog_close(void *state)
{
	struct syslog *syslog = state;

	tc_syslog_link_free(syslog->link);
	tc_outbox_done(&syslog->outbox);
	free(syslog->place.path);
	free(syslog->place.host);
	free(syslog->place.port);
	free(syslog->place.tls.server);
	free(syslog->place.tls.ca);
	free(syslog->place.tls.certificate);
	free(syslog->place.tls.key);
	free(syslog->name);
	free(syslog);
}

static int syslog_open(const struct tc_output_settings *settings, void **ret_state)
{
	struct syslog *syslog = calloc(1, sizeof(*syslog));
	int error = syslog ? settings_read(syslog, settings) : -ENOMEM;

	if (!error) {
		syslog->link = tc_syslog_link_new(&syslog->place);
		error = syslog->link ? 0 : -ENOMEM;
	}
	if (error) {
		if (syslog)
			syslog_close(syslog);
		return error;
	}
	*ret_state = syslog;
	return 0;
}

static int syslog_check(const struct tc_output_settings *settings)
{
	void *state;
	int error = syslog_open(settings, &state); /* connects to nobody */

	if (!error)
		syslog_close(state);
	return error;
}

/* --- telling --- */

static int fail(struct syslog *syslog, int error)
{
	const char *why = tc_syslog_link_why(syslog->link);

	if (strcmp(why, syslog->told.text) != 0)
		tc_error("output %s: %s: %s", syslog->name, tc_syslog_link_name(syslog->link), why);
	snprintf(syslog->told.text, sizeof(syslog->told.text), "%s", why);
	return error;
}

static void recover(struct syslog *syslog)
{
	if (*syslog->told.text)
		tc_info("output %s: %s: messages are taken again", syslog->name,
			tc_syslog_link_name(syslog->link));
	syslog->told.text[0] = '\0';
}

static void tell_oversize(struct syslog *syslog)
{
	uint64_t now_ns = tc_clock_monotonic_ns();
	uint64_t count = syslog->oversize - syslog->oversize_told;

	if (!count ||
	    (syslog->oversize_told_ns && now_ns - syslog->oversize_told_ns < OVERSIZE_TELL_NS))
		return;
	if (syslog->style.split)
		tc_warning("output %s: %llu alerts larger than %zu bytes were sent in parts",
			   syslog->name, (unsigned long long)count, syslog->style.size_max);
	else
		tc_warning("output %s: %llu alerts larger than %zu bytes were cut, by %llu bytes "
			   "in all; all of them is in the journal",
			   syslog->name, (unsigned long long)count, syslog->style.size_max,
			   (unsigned long long)syslog->cut_bytes);
	syslog->oversize_told = syslog->oversize;
	syslog->cut_bytes = 0;
	syslog->oversize_told_ns = now_ns;
}

/* --- what was sent, and what has arrived --- */

static void milestone_add(struct syslog *syslog)
{
	struct milestone *last =
		syslog->n_milestones ? &syslog->milestones[syslog->n_milestones - 1] : NULL;
	const struct milestone now = {
		.seq = syslog->outbox.delivered_seq,
		.position = tc_syslog_link_sent(syslog->link),
		.made_ns = tc_clock_monotonic_ns(),
	};

	/* Only a part of a message was sent. */
	if (!now.seq || (last && last->seq == now.seq))
		return;
	if (last && (syslog->n_milestones == MILESTONES ||
		     now.made_ns - last->made_ns < syslog->settle_ns / (MILESTONES / 2))) {
		last->seq = now.seq;
		last->position = now.position;
		last->arrived_ns = 0;
		return;
	}
	syslog->milestones[syslog->n_milestones++] = now;
}

static bool is_settled(const struct syslog *syslog, size_t index, uint64_t now_ns)
{
	uint64_t arrived_ns = syslog->milestones[index].arrived_ns;

	return arrived_ns && now_ns - arrived_ns >= syslog->settle_ns;
}

/* The connection holds. */
static void confirm(struct syslog *syslog)
{
	uint64_t now_ns = tc_clock_monotonic_ns();
	uint64_t arrived = tc_syslog_link_arrived(syslog->link);
	size_t settled = 0;

	if (arrived > syslog->arrived) {
		syslog->arrived = arrived;
		syslog->progress_ns = now_ns;
	}
	for (size_t i = 0; i < syslog->n_milestones; i++) {
		struct milestone *milestone = &syslog->milestones[i];

		if (!milestone->arrived_ns && milestone->position <= arrived)
			milestone->arrived_ns = now_ns;
	}
	while (settled < syslog->n_milestones && is_settled(syslog, settled, now_ns))
		syslog->delivered_seq = syslog->milestones[settled++].seq;
	if (!settled)
		return;
	syslog->n_milestones -= settled;
	memmove(syslog->milestones, syslog->milestones + settled,
		syslog->n_milestones * sizeof(*syslog->milestones));
	recover(syslog);
}

static bool has_arrived(const struct syslog *syslog)
{
	return !tc_outbox_rest(&syslog->outbox) &&
	       (!syslog->n_milestones || syslog->milestones[syslog->n_milestones - 1].arrived_ns);
}

/* Something is sent, but nothing has arrived for too long. */
static bool is_stalled(const struct syslog *syslog)
{
	return !has_arrived(syslog) &&
	       tc_clock_monotonic_ns() - syslog->progress_ns > syslog->place.timeout_ns;
}

/* Sends all that waits, at most until deadline_ns. 0, -EAGAIN, or the connection failed. */
static int send_waiting(struct syslog *syslog, uint64_t deadline_ns)
{
	while (tc_outbox_rest(&syslog->outbox)) {
		int error = tc_syslog_link_send(syslog->link, &syslog->outbox);

		if (!error) {
			milestone_add(syslog);
			continue;
		}
		if (error != -EAGAIN)
			return error;
		error = tc_syslog_link_look(syslog->link);
		if (error || tc_clock_monotonic_ns() >= deadline_ns)
			return error ? error : -EAGAIN;
		tc_syslog_link_wait(syslog->link, true, deadline_ns);
	}
	return 0;
}

static int come_up(struct syslog *syslog, uint64_t deadline_ns)
{
	bool was_up = tc_syslog_link_is_up(syslog->link);
	int error = tc_syslog_link_up(syslog->link, deadline_ns);

	if (!was_up && !error) {
		syslog->progress_ns = tc_clock_monotonic_ns();
		syslog->arrived = 0;
	}
	return error;
}

/* Waits a little for what was sent: neither its arrival nor news of the journal end a wait. */
static int watch(struct syslog *syslog, uint64_t deadline_ns)
{
	uint64_t idle_ns = tc_clock_monotonic_ns() + IDLE_NS;

	tc_syslog_link_wait(syslog->link, false, idle_ns < deadline_ns ? idle_ns : deadline_ns);
	return tc_syslog_link_look(syslog->link);
}

static int deliver(struct syslog *syslog, uint64_t deadline_ns)
{
	/* Where something is sent there is room for more: no time to wait. */
	bool idle = !tc_outbox_rest(&syslog->outbox);
	int error = come_up(syslog, deadline_ns);

	if (!error)
		error = tc_syslog_link_look(syslog->link);
	if (!error)
		error = send_waiting(syslog, deadline_ns);
	if (!error)
		confirm(syslog);
	if (!error && idle && syslog->n_milestones && tc_clock_monotonic_ns() < deadline_ns)
		error = watch(syslog, deadline_ns);
	if (!error || (error == -EAGAIN && tc_syslog_link_is_up(syslog->link)))
		confirm(syslog);
	return error;
}

/* --- the operations --- */

static int syslog_write(void *state, const struct tc_message *message)
{
	struct syslog *syslog = state;
	struct tc_syslog_made made;
	int error;

	if (tc_outbox_is_full(&syslog->outbox))
		return -EAGAIN;
	if (has_arrived(syslog))
		syslog->progress_ns = tc_clock_monotonic_ns();
	error = tc_syslog_message_add(&syslog->style, message, &syslog->outbox.bytes, &made);
	/* On failure it takes away what was appended. */
	error = tc_outbox_mark(&syslog->outbox, message->row->seq) ? -ENOMEM : error;
	if (error)
		return error;
	if (made.parts > 1 || made.cut_bytes) {
		syslog->oversize++;
		syslog->cut_bytes += made.cut_bytes;
	}
	return 0;
}

static int syslog_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	struct syslog *syslog = state;
	uint64_t deadline_ns = tc_clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	int error = 0;

	tell_oversize(syslog);
	if (tc_outbox_rest(&syslog->outbox) || syslog->n_milestones)
		error = deliver(syslog, deadline_ns);
	*ret_seq = syslog->delivered_seq;
	if (error && error != -EAGAIN)
		return fail(syslog, error);
	if (tc_syslog_link_is_up(syslog->link) && is_stalled(syslog)) {
		tc_syslog_link_stalled(syslog->link);
		return fail(syslog, -ETIMEDOUT);
	}
	return tc_outbox_rest(&syslog->outbox) || syslog->n_milestones ? -EAGAIN : 0;
}

static void syslog_reset(void *state)
{
	struct syslog *syslog = state;

	tc_syslog_link_down(syslog->link);
	tc_outbox_reset(&syslog->outbox);
	syslog->outbox.delivered_seq = 0;
	syslog->n_milestones = 0;
	syslog->delivered_seq = 0;
}

static const char *syslog_explain(void *state)
{
	struct syslog *syslog = state;
	const char *why = tc_syslog_link_why(syslog->link);

	return *why ? why : NULL;
}

const struct tc_output_ops tc_syslog_ops = {
	.keys = keys,
	.format = "json",
	.durable = true,
	.open = syslog_open,
	.check = syslog_check,
	.write = syslog_write,
	.flush = syslog_flush,
	.reset = syslog_reset,
	.explain = syslog_explain,
	.close = syslog_close,
};
