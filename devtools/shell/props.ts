import type { Sync } from '../../src/client/sync.ts';
import type { DockPlace, Theme } from './preferences.ts';

export interface SyncDevtoolsProps {
  /** Whether the panel is open on the first visit; afterwards it is as it was left. Default: false. */
  readonly initialIsOpen?: boolean;
  /** Where the panel opens on the first visit: an edge of the page, or a window of its own. Default: `bottom`. */
  readonly initialDock?: DockPlace;
  /** Its colours until the person chooses others. Default: `system`. */
  readonly theme?: Theme;
  /** Where the button floats. Default: `bottom-right`. */
  readonly position?: 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';
  /** For pages whose Content-Security-Policy wants a nonce on style elements. Without it none is made. */
  readonly nonce?: string;
  /** The keys that open and close it, such as `Ctrl+Alt+T`. Default: `Alt+Shift+S`. `false`: none. */
  readonly shortcut?: string | false;
  /**
   * Whether a production build (`tidemark/devtools/production`) has the lab, which disturbs sync on purpose. Default: false.
   * In development it is always there.
   */
  readonly lab?: boolean;
  /** What to look at. Default: the `sync` of the nearest `SyncProvider`. */
  readonly sync?: Sync;
}

export interface SyncDevtoolsPanelProps {
  /** Its colours until the person chooses others. Default: `system`. */
  readonly theme?: Theme;
  /** For pages whose Content-Security-Policy wants a nonce on style elements. Without it none is made. */
  readonly nonce?: string;
  /**
   * Whether a production build (`tidemark/devtools/production`) has the lab, which disturbs sync on purpose. Default: false.
   * In development it is always there.
   */
  readonly lab?: boolean;
  /** What to look at. Default: the `sync` of the nearest `SyncProvider`. */
  readonly sync?: Sync;
}
