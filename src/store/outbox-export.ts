import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxCallOptions } from '../client/types.ts';
import { SyncError } from '../shared/error.ts';
import { type AboutFile, fileText, mutationText } from './outbox-file.ts';
import { outboxPages } from './outbox-pages.ts';

export interface ExportedOutbox {
  readonly text: string;
  readonly mutationIds: readonly number[];
}

/**
 * The whole outbox as the text of a file. The page goes on between two pages of it.
 *
 * @throws SyncError `aborted` when it is stopped: a part of it is no export.
 */
export async function exportOutbox(
  methods: EngineMethods,
  about: AboutFile,
  { onProgress, signal }: OutboxCallOptions = {},
): Promise<ExportedOutbox> {
  const expectedCount = onProgress ? await methods.countOutbox() : 0;
  const texts: string[] = [];
  const mutationIds: number[] = [];
  for await (const page of outboxPages(methods)) {
    if (signal?.aborted) throw new SyncError('aborted', 'The export was stopped.', { cause: signal.reason });
    for (const entry of page) texts.push(mutationText(entry));
    for (const { mutationId } of page) mutationIds.push(mutationId);
    onProgress?.({ doneCount: texts.length, totalCount: Math.max(expectedCount, texts.length) });
  }
  onProgress?.({ doneCount: texts.length, totalCount: texts.length });
  return { text: fileText(texts, about), mutationIds };
}
