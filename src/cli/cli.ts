/** What every command works with: the settings of this call, the node's API, and how results are shown. */
import { resolve } from "node:path";
import { ApiClient, type Transport } from "../api/client.ts";
import { fail } from "../base/errors.ts";
import { askSocket } from "../base/outside-node-http.ts";
import { dataFolder } from "../base/outside-node-folder.ts";
import { openOutside } from "../base/outside-node.ts";
import type { Outside } from "../base/outside.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { trustedOutside } from "../trust/trusted-outside.ts";
import { jsonText } from "./render/json.ts";
import { withProgress } from "./render/progress.ts";
import { hostUrl, localTransport, remoteTransport } from "./remote.ts";
import { plainText } from "./render/table.ts";
import type { Terminal } from "./terminal.ts";

/** The global options of a call. */
export interface Settings {
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** The node on another machine that is asked instead: `https://HOST:PORT`. */
  readonly host?: string | undefined;
  /** File of the certificate for it. */
  readonly certificate?: string | undefined;
  readonly json: boolean;
  readonly atLeast: string | undefined;
  /** Questions are answered with yes. */
  readonly yes: boolean;
}

/** The parts that tests replace. */
export interface CliParts {
  readonly terminal: Terminal;
  readonly client?: (settings: Settings) => ApiClient;
  readonly outside?: () => Outside;
}

/** The answer to every change of the API. */
export interface Done {
  readonly done: string;
  readonly pending?: readonly string[];
}

/** One call of the command. */
export class Cli {
  readonly terminal: Terminal;
  settings: Settings;
  /** The exit code of a command that neither failed nor is simply done. */
  exit = 0;
  readonly #parts: CliParts;

  constructor(parts: CliParts) {
    this.#parts = parts;
    this.terminal = parts.terminal;
    this.settings = {
      data: dataFolder(parts.terminal.environment["CLUBAR_DATA"]),
      json: false,
      atLeast: undefined,
      yes: false,
    };
  }

  client(): ApiClient {
    const { client } = this.#parts;
    if (client !== undefined) return client(this.settings);
    const { data, atLeast, host, certificate } = this.settings;
    const transport: Transport =
      host === undefined
        ? (question) => askSocket(`${data}/run/api.sock`, question)
        : (localTransport(host) ??
          remoteTransport(
            this.outside().files,
            hostUrl(host),
            certificate === undefined ? undefined : this.path(certificate),
          ));
    return new ApiClient({ transport, place: host ?? data, ...(atLeast === undefined ? {} : { atLeast }) });
  }

  outside(): Outside {
    return this.#parts.outside?.() ?? trustedOutside(openOutside(), this.settings.data);
  }

  /** The absolute path of what a person named. USAGE for none. */
  path(given: string): string {
    if (given === "") {
      throw fail("USAGE", {
        happened: "An empty path was given.",
        unchanged: "Nothing was done.",
        next: "Was a variable of a script not set? Write . for the present folder.",
      });
    }
    return resolve(this.terminal.folder, given);
  }

  /** The place of a quorum that a person named: a folder's absolute path, or what is on etcd as it is. */
  quorumPlace(given: string): string {
    return isEtcdPlace(given) ? given : this.path(given);
  }

  /** Shows a result: the value as JSON with --json, otherwise the text, which ends with a line's end. */
  show(value: unknown, text: () => string): void {
    if (this.settings.json) this.terminal.out(jsonText(value));
    else this.terminal.out(plainText(text()));
  }

  /** Shows that a change was made. */
  done(answer: Done): void {
    const pending = (answer.pending ?? []).map((one) => `Captured later: ${one}\n`);
    this.show(answer, () => `${answer.done}\n${pending.join("")}`);
  }

  /** Does something that may take long; a terminal sees that it goes on. */
  busy<T>(what: string, work: Promise<T>): Promise<T> {
    return withProgress(this.terminal, this.settings.json ? undefined : what, work);
  }

  /** Whether a person agreed to something: from then on a failure may have changed something. */
  hasAgreed = false;

  /** Goes on only when a person says y, or said --yes; without a terminal to ask at, it refuses (exit 3). */
  async confirm(warning: string, question: string, banner = ""): Promise<void> {
    if (this.settings.yes) {
      this.hasAgreed = true;
      return;
    }
    if (!this.terminal.canAsk) {
      throw fail("REFUSED_FOR_SAFETY", {
        happened: `Nobody can be asked "${question}", because there is no terminal.`,
        unchanged: "Nothing was changed.",
        next: "Run it in a terminal, or say --yes.",
      });
    }
    this.terminal.err(plainText(`${banner}${warning}\n`));
    const answer = (await this.terminal.ask(`${question} (y/n): `)).trim();
    this.hasAgreed = answer === "y" || answer === "Y";
    if (this.hasAgreed) return;
    throw fail("CANCELLED", {
      happened: "You did not answer y.",
      unchanged: "Nothing was changed.",
      next: "Run it again when you are sure.",
    });
  }
}
