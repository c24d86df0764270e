import type { Page } from 'playwright';
import type { World } from '../harness/world.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { TcpProxy } from './proxy.ts';

/** One device: a browser of its own, and its own way to the server. */
export class Device {
  readonly name: string;
  readonly proxy: TcpProxy;
  readonly #world: World;
  readonly #ledger: Ledger;
  #page: Page | null = null;

  constructor(options: { name: string; world: World; ledger: Ledger }) {
    this.name = options.name;
    this.#world = options.world;
    this.#ledger = options.ledger;
    this.proxy = new TcpProxy(() => options.world.server.port);
  }

  /** The open tab, or null after a crash. */
  get page(): Page | null {
    return this.#page;
  }

  get openPage(): Page {
    if (!this.#page) throw new Error(`The device ${this.name} has no page open.`);
    return this.#page;
  }

  /** Opens the browser, if need be, and a tab. Its database may still be opening. */
  async load(): Promise<Page> {
    const context = await this.#world.openBrowser(this.name);
    await context.exposeFunction('ledger', (entry: LedgerEntry) => this.#ledger.record(entry)).catch(ignoreSecond);
    this.#page = await this.#world.loadTab(context, { server: this.proxy.url });
    return this.#page;
  }

  async crashRenderer(): Promise<void> {
    const page = this.openPage;
    this.#page = null;
    const crashed = page.waitForEvent('crash');
    const session = await page.context().newCDPSession(page);
    session.send('Page.crash').catch(() => undefined);
    await crashed;
    await page.close();
  }

  /** Kills the browser with all its processes. */
  async killBrowser(): Promise<void> {
    const context = this.openPage.context();
    const group = await this.#processGroup();
    this.#page = null;
    const closed = context.waitForEvent('close');
    process.kill(group, 'SIGKILL');
    await closed;
  }

  /** All processes of the browser stand still, as on a laptop whose lid was closed; returns how to wake them. */
  async freezeBrowser(): Promise<() => void> {
    const group = await this.#processGroup();
    process.kill(group, 'SIGSTOP');
    return () => process.kill(group, 'SIGCONT');
  }

  /** A browser is a process group of its own. */
  async #processGroup(): Promise<number> {
    const browser = this.openPage.context().browser();
    if (!browser) throw new Error('The browser cannot be reached.');
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const main = processInfo.find(({ type }) => type === 'browser');
    if (!main) throw new Error('The browser does not tell its process.');
    return -main.id;
  }
}

/** A browser that went on after a crash of its renderer has the function already. */
function ignoreSecond(error: Error): void {
  if (!error.message.includes('already registered')) throw error;
}
