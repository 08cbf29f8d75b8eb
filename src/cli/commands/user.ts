import { createFileDurably, writeFileDurably } from "../../base/durable.ts";
import { toBase64 } from "../../base/bytes.ts";
import { fail, Failure } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import { apiPath } from "../../api/client.ts";
import type { UserCertificate, UserView } from "../../api/routes/users.ts";
import { parseRights } from "../../trust/trust.ts";
import type { Cli, Done } from "../cli.ts";
import { untouched } from "../read-artefact.ts";
import { certificateFile } from "../remote.ts";
import { table } from "../render/table.ts";
import { type Define, notes, verb, wholeNumber } from "../verbs.ts";

interface CertificateOptions {
  readonly rights: string;
  readonly out: string;
  readonly days?: number;
}

/** `clubar user …`. */
export const defineUser: Define = (noun, cli) => {
  const certificate = verb(noun, "certificate <name>", "Make a certificate for somebody who asks from other machines")
    .requiredOption(
      "--rights <list>",
      "read, operate, backup, restore-node, restore-cluster with commas in between, or all",
    )
    .requiredOption("--out <file>", "a new file for the key, the certificate and the authority's")
    .option("--days <n>", "how long it lives (90)", wholeNumber(1, 3650))
    .action((name: string, options: CertificateOptions) => makeCertificate(cli, name, options));
  notes(
    certificate,
    `The key is made here and never leaves this machine; the file is readable by its owner only. A certificate of the same name
that was given before is worth nothing any more. Use it with
  clubar --host https://HOST:PORT --certificate FILE status`,
  );
  const local = verb(noun, "local <name>", "Give rights to a user of the nodes' machines, or with @NAME to a group")
    .requiredOption("--rights <list>", "as for `user certificate`")
    .action(async (name: string, { rights }: Pick<CertificateOptions, "rights">) => {
      cli.done(await cli.client().post<Done>("/users/local", { name, rights: parseRights(rights) }));
    });
  notes(
    local,
    `They ask at the socket of \`clubar service --socket PATH\`, where the kernel says who they are:
  clubar --host unix:PATH status
In the list they are unix:NAME, and so they are revoked. On every node the name counts for its own machine.`,
  );
  verb(noun, "list", "List users and their rights").action(async () => {
    const users = await cli.client().get<UserView[]>("/users");
    const rows = users.map(({ name, rights, expires }) => [name, rights.join(", "), expires ?? "revoked"]);
    cli.show(users, () => table(["User", "Rights", "Until"], rows, "No users."));
  });
  verb(noun, "revoke <name>", "Refuse a user from now on: the certificate, or the rights of unix:NAME").action(
    async (name: string) => {
      await cli.confirm(
        `What user ${name} was given is worth nothing any more; connections end at once.`,
        "Revoke it?",
      );
      cli.done(await cli.client().delete<Done>(apiPath("users", name)));
    },
  );
};

async function makeCertificate(cli: Cli, name: string, { rights, out, days }: CertificateOptions): Promise<void> {
  const path = cli.path(out);
  const wanted = parseRights(rights);
  const { files, random } = cli.outside();
  const { makeRequest } = await import("../../trust/certificate.ts");
  const { key, request } = await makeRequest(random);
  // A new certificate ends the old one of the same name, so the file is made first: with the key alone it opens nothing.
  await keep(path, (bytes) => createFileDurably(files, path, bytes, 0o600), key);
  const made = await cli
    .client()
    .post<UserCertificate>("/users", {
      name,
      rights: wanted,
      request: toBase64(request),
      ...(days === undefined ? {} : { days }),
    })
    .catch(async (error: unknown) => {
      await files.unlink(path).catch(() => undefined);
      throw error;
    });
  const { certificate, authority, expires, done, tag } = made;
  const whole = certificateFile({ key, certificate, authority });
  await keep(path, (bytes) => writeFileDurably(files, path, bytes, 0o600), whole).catch((error: unknown) => {
    const { name: row, happened } = failureOf(error);
    throw fail(row, {
      happened: `${name} has a new certificate, but it is lost: ${happened}`,
      unchanged: `A certificate that ${name} had before is worth nothing any more.`,
      next: `Make room, remove ${path}, and run this again.`,
      cause: error,
    });
  });
  cli.show(
    { name, rights: made.rights, expires, file: path, done, tag },
    () => `${done}\nIt is in ${path} and good until ${expires}.\n`,
  );
}

async function keep(path: string, write: (bytes: Uint8Array) => Promise<void>, text: string): Promise<void> {
  const call = (): Promise<void> => write(new TextEncoder().encode(text));
  await untouched(`write ${path}`, call, "No certificate was made.").catch((error: unknown) => {
    throw error instanceof Failure && error.name === "ALREADY_EXISTS" ? taken(path) : error;
  });
}

function taken(path: string): Error {
  return fail("ALREADY_EXISTS", {
    happened: `${path} is there already.`,
    unchanged: "It was not replaced.",
    next: "Name a new file with --out.",
  });
}
