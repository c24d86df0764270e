import type { FormerEpoch } from '../../protocol/messages/pull.ts';
import { EPOCHS_SETTING, formerEpochsFrom, parseFormerEpochs } from '../epochs.ts';
import type { Position } from '../records.ts';
import type { Transaction } from './connection.ts';
import { readSetting, saveSetting } from './ledger.ts';

/** Begins an epoch where the log stands, and notes what it has in common with those before. */
export async function beginEpoch(
  transaction: Transaction,
  former: Pick<Position, 'epoch' | 'head'>,
  epoch: string,
): Promise<void> {
  const epochs = formerEpochsFrom(former, await readFormerEpochs(transaction));
  await saveSetting(transaction, EPOCHS_SETTING, JSON.stringify(epochs));
  await transaction.all('UPDATE tidemark.state SET epoch = $1, epoch_from = $2', [epoch, former.head]);
}

export async function readFormerEpochs(transaction: Transaction): Promise<FormerEpoch[]> {
  return parseFormerEpochs(await readSetting(transaction, EPOCHS_SETTING));
}
