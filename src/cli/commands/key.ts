import { readFile, writeFile } from "node:fs/promises";
import { Option } from "commander";
import type { KeyContainerView } from "../../api/routes/keys.ts";
import { toBase64 } from "../../base/bytes.ts";
import { translated } from "../../base/outside-node-error.ts";
import type { Done } from "../cli.ts";
import { table } from "../render/table.ts";
import { type Define, notes, verb } from "../verbs.ts";

interface CreateOptions {
  readonly algorithm: string;
  readonly exportable: boolean;
}

/** `clubar key …`. */
export const defineKey: Define = (noun, cli) => {
  const read = async (file: string): Promise<Uint8Array> =>
    new Uint8Array(await translated(`read ${file}`, () => readFile(cli.path(file))));
  verb(noun, "list", "List this node's key containers").action(async () => {
    const keys = await cli.client().get<KeyContainerView[]>("/keys");
    const rows = keys.map((key) => [key.name, key.algorithm, key.exportable ? "yes" : "no"]);
    cli.show(keys, () => table(["Container", "Algorithm", "Exportable"], rows, "No key containers."));
  });
  verb(noun, "create <name>", "Create a container with a new private key")
    .addOption(
      new Option("--algorithm <algorithm>", "kind of key")
        .choices(["rsa-2048", "ec-p256", "ed25519"])
        .default("rsa-2048"),
    )
    .option("--no-exportable", "it never leaves this node; it can't be a checkpoint")
    .action(async (name: string, { algorithm, exportable }: CreateOptions) => {
      cli.done(await cli.client().post<Done>("/keys", { name, algorithm, exportable }));
    });
  verb(noun, "import <name> <file>", "Put the private key of a PEM file into a container")
    .option("--no-exportable", "it never leaves this node; it can't be a checkpoint")
    .action(async (name: string, file: string, { exportable }: { readonly exportable: boolean }) => {
      const pem = new TextDecoder().decode(await read(file));
      const present = await cli.client().get<KeyContainerView[]>("/keys");
      if (present.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
        await cli.confirm(`The private key that is in container ${name} now would be gone for ever.`, "Replace it?");
      }
      cli.done(await cli.client().post<Done>("/keys/import", { name, pem, exportable }));
    });
  verb(noun, "delete <name>", "Delete a container with its private key").action(async (name: string) => {
    await cli.confirm(
      `The private key in container ${name} of this node is gone for ever, unless a checkpoint or backup holds it.`,
      "Delete it?",
    );
    cli.done(await cli.client().delete<Done>("/keys", { name }));
  });
  verb(noun, "sign <name> <file>", "Sign a file; the signature in base64")
    .option("--out <file>", "write the signature's bytes there")
    .action(async (name: string, file: string, { out }: { readonly out?: string }) => {
      const signature = await cli.client().bytes("POST", "/keys/sign", { name }, await read(file));
      if (out === undefined) cli.show({ signature: toBase64(signature) }, () => `${toBase64(signature)}\n`);
      else {
        await translated(`write ${out}`, () => writeFile(cli.path(out), signature));
        cli.done({ done: `The signature is written to ${out}.` });
      }
    });
  verb(noun, "public <name>", "Show the public key (PEM)").action(async (name: string) => {
    const pem = new TextDecoder().decode(await cli.client().bytes("GET", "/keys/public", { name }));
    cli.show({ name, pem }, () => (pem.endsWith("\n") ? pem : `${pem}\n`));
  });
  notes(
    noun,
    "A container is named TYPE\\NAME\\KEY, as '1\\\\WebKey': provider type 1, the default provider, the key WebKey.",
  );
};
