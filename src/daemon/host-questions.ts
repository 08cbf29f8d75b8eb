/** The host's questions to its service: registry keys and private keys live there. */
import { type ErrorName, fail, isErrorName } from "../base/errors.ts";
import { readHive } from "../hive/index.ts";
import type { Peer } from "../rpc/call.ts";
import type { Key } from "../tree/key.ts";
import { type Answer, fromHost } from "./host-messages.ts";

/** Questions under way, by number; they end with the host when the service is gone. */
export class Questions {
  readonly #open = new Map<number, (answer: Answer) => void>();
  #last = 0;

  async readKey(service: Peer | undefined, path: string): Promise<Key | undefined> {
    const answer = await this.#ask(service, { what: "read-key", path });
    return answer.hive === undefined ? undefined : readHive(answer.hive).root;
  }

  async exportPem(service: Peer | undefined, container: string): Promise<string> {
    return (await this.#ask(service, { what: "export-pem", container })).pem ?? "";
  }

  answer(answer: Answer): void {
    this.#open.get(answer.number)?.(answer);
    this.#open.delete(answer.number);
  }

  async #ask(service: Peer | undefined, question: object): Promise<Answer> {
    if (service === undefined)
      throw fail("SERVICE_NOT_ACTIVE", { happened: "The service of this node is not connected to its host." });
    const number = ++this.#last;
    const answered = new Promise<Answer>((resolve) => this.#open.set(number, resolve));
    service.tell(fromHost.ask, { number, ...question });
    const answer = await answered;
    if (answer.failure === undefined) return answer;
    const name: ErrorName = isErrorName(answer.failure.name) ? answer.failure.name : "INTERNAL_ERROR";
    throw fail(name, { happened: answer.failure.message });
  }
}
