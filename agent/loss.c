/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loss.h"

/* Numbers that have neither a record nor a counter. */
static uint64_t missing(const struct tc_loss_account *account, uint64_t made_before)
{
	uint64_t known = account->received;

	for (int reason = 0; reason < TC_LOSS_MAX; reason++)
		known += account->told[reason];
	return made_before > known ? made_before - known : 0;
}

static uint64_t find_gap(struct tc_loss_account *account, uint64_t now_missing, uint64_t now_ns)
{
	uint64_t gap;

	if (now_missing == 0) {
		account->deficit = 0;
		return 0;
	}
	if (account->deficit == 0)
		account->deficit_since_ns = now_ns;
	if (account->deficit == 0 || now_missing < account->deficit)
		account->deficit = now_missing;
	if (now_ns - account->deficit_since_ns < TC_LOSS_GAP_NS)
		return 0;
	gap = account->deficit;
	account->deficit = 0;
	return gap;
}

bool tc_loss_find(struct tc_loss_account *account, const struct tc_ring_state *state, uint64_t made_before,
		  bool read_out, uint64_t now_ns, uint64_t ret_lost[TC_LOSS_MAX])
{
	bool any = false;

	for (int reason = 0; reason < TC_LOSS_GAP; reason++) {
		ret_lost[reason] = state->lost[reason] - account->told[reason];
		account->told[reason] = state->lost[reason];
		any |= ret_lost[reason] != 0;
	}
	ret_lost[TC_LOSS_GAP] =
		find_gap(account, read_out ? missing(account, made_before) : 0, now_ns);
	account->told[TC_LOSS_GAP] += ret_lost[TC_LOSS_GAP];
	return any || ret_lost[TC_LOSS_GAP] != 0;
}
