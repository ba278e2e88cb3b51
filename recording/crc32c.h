/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), as in RFC 3720, appendix B.4. */
#ifndef TOCSIN_RECORDING_CRC32C_H
#define TOCSIN_RECORDING_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from the checksum of what stands before; 0 at the beginning. */
uint32_t tc_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
