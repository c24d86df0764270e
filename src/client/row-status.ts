/** How a row stands: `pending` until it was sent, `sent` until its echo is here; the others wait for a person. */
export type RowStatus = 'synced' | 'pending' | 'sent' | 'conflicted' | 'rejected';
