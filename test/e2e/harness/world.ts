import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import react from '@vitejs/plugin-react';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { chromiumArgs, ensureChromium } from '../../../scripts/chromium.ts';
import { viteShared } from '../../../scripts/vite-shared.ts';
import type { SchemaName } from './schemas.ts';
import { ServerProcess } from './server-process.ts';

/** Rows by table, in the order of the primary key. */
export type TableRows = Readonly<Record<string, readonly unknown[]>>;

export interface TabOptions {
  readonly panel?: boolean;
  /** Renders the rows of this table by `useSyncedQuery`. */
  readonly show?: string;
  /** Where the device finds the sync server. Default: where it listens. */
  readonly server?: string;
}

/** One run's real parts: a server process over a file, a page server, and browsers with profiles on disk. */
export class World {
  readonly server: ServerProcess;
  readonly #schema: SchemaName;
  readonly #folder: string;
  readonly #contexts = new Map<string, BrowserContext>();
  #vite: ViteDevServer | null = null;

  constructor(schema: SchemaName) {
    this.#schema = schema;
    this.#folder = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'));
    this.server = new ServerProcess({ schema, file: join(this.#folder, 'server.db') });
  }

  async start(): Promise<void> {
    await Promise.all([this.startPages(), this.server.start()]);
  }

  /** The pages alone, for a test that brings a server of its own. */
  async startPages(): Promise<void> {
    this.#vite = await createServer({
      ...viteShared,
      configFile: false,
      root: join(import.meta.dirname, 'page'),
      cacheDir: join(import.meta.dirname, '../../../node_modules/.vite-e2e'),
      plugins: [react()],
      // No reload in the middle of a test when somebody edits the source.
      server: { host: '127.0.0.1', port: 0, hmr: false, fs: { allow: [join(import.meta.dirname, '../../..')] } },
      logLevel: 'error',
    });
    await this.#vite.listen();
  }

  /** A device of its own: a browser with a profile on disk. The same name again is the same device. */
  async openDevice(name: string, options: TabOptions = {}): Promise<Page> {
    return this.openTab(await this.openBrowser(name), options);
  }

  /** A device's browser: the one that runs, or a new one over the same profile. */
  async openBrowser(name: string): Promise<BrowserContext> {
    return this.#contexts.get(name) ?? (await this.#launch(name));
  }

  /** One more tab of a device. */
  async openTab(context: BrowserContext, options: TabOptions = {}): Promise<Page> {
    const page = await this.loadTab(context, options);
    await page.evaluate(() => window.device.sync.ready);
    return page;
  }

  /** One more tab whose code is loaded, and whose database may still be opening. */
  async loadTab(context: BrowserContext, options: TabOptions = {}): Promise<Page> {
    const page = await context.newPage();
    const origin = this.#vite?.resolvedUrls?.local[0];
    if (!origin) throw new Error('The page server does not listen.');
    const url = new URL(origin);
    url.searchParams.set('schema', this.#schema);
    url.searchParams.set('server', options.server ?? this.server.url);
    url.searchParams.set('name', 'device');
    if (options.panel) url.searchParams.set('panel', '1');
    if (options.show) url.searchParams.set('show', options.show);
    await page.goto(url.href);
    await page.waitForFunction(() => 'device' in window);
    return page;
  }

  contextOf(name: string): BrowserContext {
    const context = this.#contexts.get(name);
    if (!context) throw new Error(`No device ${name} is open.`);
    return context;
  }

  /** What the server has on disk, read beside it. */
  serverRows(tables: readonly string[], orderBy: Readonly<Record<string, string>>): TableRows {
    const database = new DatabaseSync(this.server.file, { readOnly: true });
    try {
      return Object.fromEntries(
        tables.map((table) => [
          table,
          database
            .prepare(`SELECT * FROM "${table}" ORDER BY ${orderBy[table] ?? 'id'}`)
            .all()
            .map((row) => ({ ...row })),
        ]),
      );
    } finally {
      database.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#contexts.values()].map((context) => context.close()));
    await this.#vite?.close();
    await this.server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #launch(name: string): Promise<BrowserContext> {
    const context = await chromium.launchPersistentContext(join(this.#folder, name), {
      executablePath: ensureChromium(),
      args: chromiumArgs,
    });
    this.#contexts.set(name, context);
    context.once('close', () => this.#contexts.delete(name));
    return context;
  }
}

/** Resolves when the device's honest status says that nothing is under way on either side. */
export async function synced(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { sync } = window.device;
    await sync.sync();
    await new Promise<void>((resolve) => {
      const check = () => {
        if (sync.store.getState().status.phase !== 'synced') return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = sync.store.subscribe(check);
      queueMicrotask(check);
    });
  });
}
