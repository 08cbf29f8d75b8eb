/** A real browser for the tests of the web page: Debian's Chromium, headless, with a folder of its own and nothing of its usual company. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
const executablePath = places.find((path) => existsSync(path));

/** Why tests that need a browser are skipped; false when there is one. */
export const noBrowser: string | false = executablePath === undefined ? "Chromium is not installed" : false;

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How a page is looked at. */
export interface Looking {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** A page of the browser and what it did that it should not have done. */
export class Tab {
  readonly page: Page;
  /** Errors in the console, uncaught errors, requests to any other origin. */
  readonly complaints: string[] = [];
  /** Failed requests are no complaint while this is true: a test stops the service on purpose. */
  lossIsExpected = false;

  constructor(page: Page, origin: string) {
    this.page = page;
    page.on("console", (message) => {
      const isLoss = this.lossIsExpected && /net::ERR|Failed to load resource/.test(message.text());
      if (message.type() === "error" && !isLoss) this.complaints.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`)) this.complaints.push(`asked elsewhere: ${request.url()}`);
    });
  }
}

/** One browser; every tab is a context's only page. */
export class Browser {
  readonly #folder: string;
  readonly #context: BrowserContext;

  private constructor(folder: string, context: BrowserContext) {
    this.#folder = folder;
    this.#context = context;
  }

  static async open({ width = 1200, height = 850, dark = false }: Looking = {}): Promise<Browser> {
    if (executablePath === undefined) throw new Error("Chromium is not installed");
    const folder = mkdtempSync(join(tmpdir(), "clubar-browser-"));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      args: quiet,
      headless: true,
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      timezoneId: "UTC",
    });
    return new Browser(folder, context);
  }

  async tab(url: string): Promise<Tab> {
    const page = await this.#context.newPage();
    const tab = new Tab(page, new URL(url).origin);
    await page.goto(url);
    return tab;
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
