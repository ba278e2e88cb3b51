/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs in the kernel and an agent must have in common so that one can work with those that
 * another one loaded: how records, controls and the states of rings are laid out.
 */
#ifndef TOCSIN_AGENT_FINGERPRINT_H
#define TOCSIN_AGENT_FINGERPRINT_H

#define TC_FINGERPRINT_BYTES 17

/* As text, 16 hexadecimal digits: another one when anything of it is another. */
void tc_fingerprint(char ret_text[TC_FINGERPRINT_BYTES]);

#endif
