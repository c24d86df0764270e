import { SyncError } from '../../shared/error.ts';

/** Whose a connection is: who signed in, and the device they name. */
export interface Owner {
  readonly subject: string;
  readonly clientId: string;
}

/** A connection that stays open: a WebSocket or an event stream. */
export interface Session {
  /** Whose it is, once that is known. */
  readonly owner: Owner | null;
  /** What the owner may see could have changed. */
  accessChanged(): void;
  /** The device has been told of this seq, in the answer to a push. */
  wantSeq(seq: number): void;
  /** Tells the client why, and ends. */
  close(reason: SyncError): void;
}

/** The connections that are open on this node. */
export class Sessions {
  readonly #open = new Set<Session>();

  get count(): number {
    return this.#open.size;
  }

  add(session: Session): void {
    this.#open.add(session);
  }

  remove(session: Session): void {
    this.#open.delete(session);
  }

  /** Looks anew at what one subject may see; null for everyone. */
  accessChanged(subject: string | null): void {
    for (const session of [...this.#open]) {
      if (subject === null || session.owner?.subject === subject) session.accessChanged();
    }
  }

  /** A device that pushed waits for what it pushed to come back. */
  pushed({ subject, clientId }: Owner, head: number): void {
    for (const session of this.#open) {
      // Anybody can name the device of another in a handshake.
      const isOwn = session.owner?.clientId === clientId && session.owner.subject === subject;
      if (isOwn) session.wantSeq(head);
    }
  }

  /** Ends the connections of a device that was revoked. */
  revoke(clientId: string): void {
    const reason = new SyncError('forbidden', 'This device has been revoked. Its unsent work stays on it.');
    for (const session of [...this.#open]) {
      if (session.owner?.clientId === clientId) session.close(reason);
    }
  }

  closeAll(reason: SyncError): void {
    for (const session of [...this.#open]) session.close(reason);
  }
}
