/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local time of a host, as a rule that holds on any machine: the TZ of POSIX (8.3), such as
 * CET-1CEST,M3.5.0,M10.5.0/3.
 */
#ifndef TOCSIN_RECORDING_ZONE_H
#define TOCSIN_RECORDING_ZONE_H

#define TC_ZONE_MAX 128

/* The rule that local time follows now, from the environment's TZ or /etc/localtime below root;
 * UTC0 where none can be read. Of a zone's history nothing is kept. */
void tc_zone_of_host(const char *root, char zone[TC_ZONE_MAX]);
/* From now on this is the local time of this process. False for what is no such rule: local time
 * is UTC then. */
_Bool tc_zone_use(const char *zone);

#endif
