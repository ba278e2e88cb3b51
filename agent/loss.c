/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loss.h"

/* Numbers that have neither a record nor a counter. The counters were copied first, so none runs
 * ahead of made. */
static uint64_t missing(const struct tc_loss_account *account, const struct tc_loss_look *look)
{
	uint64_t known = account->received - look->ahead;

	for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
		known += account->told[reason];
	return look->state.made > known ? look->state.made - known : 0;
}

/* The deficit is the least number that was missing at every look since it began: those cannot have
 * come late. */
static uint64_t find_gap(struct tc_loss_account *account, const struct tc_loss_look *look)
{
	uint64_t now_missing, gap;

	if (!look->read_out)
		return 0;
	now_missing = missing(account, look);
	if (account->deficit == 0)
		account->deficit_since_ns = look->last_ns;
	if (account->deficit == 0 || now_missing < account->deficit)
		account->deficit = now_missing;
	if (!look->final && look->now_ns - account->deficit_since_ns < TC_LOSS_GAP_NS)
		return 0;
	gap = account->deficit;
	account->deficit = 0;
	return gap;
}

bool tc_loss_find(struct tc_loss_account *account, const struct tc_loss_look *look,
		  struct tc_losses *ret_losses)
{
	struct tc_losses losses = {0};
	bool any = false;

	for (int reason = 0; reason < TC_LOSS_GAP; reason++) {
		losses.count[reason] = look->state.lost[reason] - account->told[reason];
		losses.since_ns[reason] = look->last_ns;
		account->told[reason] = look->state.lost[reason];
		any |= losses.count[reason] != 0;
	}
	losses.count[TC_LOSS_GAP] = find_gap(account, look);
	losses.since_ns[TC_LOSS_GAP] = account->deficit_since_ns;
	account->told[TC_LOSS_GAP] += losses.count[TC_LOSS_GAP];
	*ret_losses = losses;
	return any || losses.count[TC_LOSS_GAP] != 0;
}
