/** Answers the host's questions about the registry and keys, and tells it of changes that its resources watch. */
import { failureOf } from "../base/failure-of.ts";
import { writeHive } from "../hive/index.ts";
import type { RegistryUse } from "../monitor/resource-type.ts";
import { decodeContainer } from "../registry/container-codec.ts";
import { parseContainerName } from "../registry/container-name.ts";
import type { KeyContainers } from "../registry/key-containers.ts";
import { readPkcs8 } from "../registry/private-key.ts";
import type { Registry } from "../registry/registry.ts";
import { findKey } from "../tree/key.ts";
import type { HostEvents } from "./host-client.ts";
import type { Answer, Question } from "./host-messages.ts";

/** One for each life; a resource's new watches replace its old ones. */
export class HostQuestions implements Pick<HostEvents, "watch" | "ask"> {
  readonly #registry: Registry;
  readonly #keys: KeyContainers;
  readonly #changed: (resource: string) => void;
  readonly #watches = new Map<string, (() => void)[]>();

  constructor(registry: Registry, keys: KeyContainers, changed: (resource: string) => void) {
    this.#registry = registry;
    this.#keys = keys;
    this.#changed = changed;
  }

  watch(resource: string, use: RegistryUse): void {
    for (const stop of this.#watches.get(resource) ?? []) stop();
    const changed = (): void => this.#changed(resource);
    this.#watches.set(resource, [
      ...use.keys.map((path) => this.#registry.watch(path, changed)),
      ...use.containers.map((name) => this.#keys.watch(parseContainerName(name), changed)),
    ]);
  }

  /** This life is over: nothing is watched for it any more. */
  close(): void {
    for (const stops of this.#watches.values()) for (const stop of stops) stop();
    this.#watches.clear();
  }

  async ask(question: Question): Promise<Omit<Answer, "number">> {
    try {
      if (question.what === "export-pem") return { pem: this.#pemOf(question.container) };
      const key = findKey(this.#registry.root(), question.path);
      return key === undefined ? {} : { hive: writeHive(key, { time: key.lastWritten }) };
    } catch (error) {
      const { name, message } = failureOf(error);
      return { failure: { name, message } };
    }
  }

  #pemOf(container: string): string {
    const { pkcs8 } = decodeContainer(this.#keys.exportContainer(parseContainerName(container)));
    return readPkcs8(pkcs8).export({ format: "pem", type: "pkcs8" }).toString();
  }
}
