import type { EngineMethods } from '../client/engine-api.ts';
import type { OutboxCallOptions } from '../client/types.ts';
import { SyncError } from '../shared/error.ts';
import { type AboutFile, CLOSING, headText, mutationsText, SEPARATOR } from './outbox-file.ts';
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
  const mutationIds: number[] = [];
  // Put together in one go at the end, it would hold up the page.
  let text = headText(about);
  for await (const page of outboxPages(methods)) {
    if (signal?.aborted) throw new SyncError('aborted', 'The export was stopped.', { cause: signal.reason });
    text += `${mutationIds.length > 0 ? SEPARATOR : ''}${mutationsText(page)}`;
    for (const { mutationId } of page) mutationIds.push(mutationId);
    onProgress?.({ doneCount: mutationIds.length, totalCount: Math.max(expectedCount, mutationIds.length) });
  }
  onProgress?.({ doneCount: mutationIds.length, totalCount: mutationIds.length });
  return { text: text + CLOSING, mutationIds };
}
