/** Links, owners, access lists, exchange and watching through node:fs and, where it has no call for it, the kernel (koffi). */
import { constants, watch } from "node:fs";
import * as fs from "node:fs/promises";
import { outsideError, translated } from "./outside-node-error.ts";
import { exchangeNames, getAttribute, setAttribute } from "./outside-node-kernel.ts";
import { bytesOfName, nameOf, nativePath } from "./file-names.ts";
import { OutsideError } from "./outside.ts";
import type { AclKind, FileAttributes } from "./outside.ts";

/** xattr(7): where Linux keeps POSIX ACLs. */
const aclAttribute: Readonly<Record<AclKind, string>> = {
  access: "system.posix_acl_access",
  default: "system.posix_acl_default",
};

/** Of the machine's files. */
export function openAttributes(): FileAttributes {
  return {
    readLink: (path) =>
      translated(`read link ${path}`, async () => nameOf(await fs.readlink(nativePath(path), { encoding: "buffer" }))),
    makeLink: (target, path) => translated(`make link ${path}`, () => fs.symlink(nativePath(target), nativePath(path))),
    realPath: (path) =>
      translated(`real path of ${path}`, async () =>
        nameOf(await fs.realpath(nativePath(path), { encoding: "buffer" })),
      ),
    holdFolder,
    exchange: (a, b) => translated(`exchange ${a} and ${b}`, async () => exchangeNames(bytesOfName(a), bytesOfName(b))),
    mayChangeOwners: () => process.geteuid?.() === 0,
    setOwner: (path, owner, group) =>
      translated(`set owner of ${path}`, () => fs.lchown(nativePath(path), owner, group)),
    readAcl: (path, kind) => translated(`read ACL of ${path}`, async () => readAcl(path, kind)),
    setAcl: (path, kind, acl) =>
      translated(`set ACL of ${path}`, async () => setAttribute(bytesOfName(path), aclAttribute[kind], acl)),
    watchFolder,
  };
}

/** open(2), for a folder that may not be read yet; Node has no name for it. */
const pathOnly = 0o10000000;
const folderFlags = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;

async function holdFolder<T>(path: string, work: (inside: string) => Promise<T>): Promise<T> {
  const handle = await translated(`open folder ${path}`, () => fs.open(nativePath(path), folderFlags));
  try {
    return await work(`/proc/self/fd/${handle.fd}`);
  } finally {
    await handle.close();
  }
}

function readAcl(path: string, kind: AclKind): Uint8Array | undefined {
  try {
    return getAttribute(bytesOfName(path), aclAttribute[kind]);
  } catch (error) {
    if (error instanceof OutsideError && ["ENODATA", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(error.code))
      return undefined;
    throw error;
  }
}

function watchFolder(path: string, handler: (name: string | undefined) => void): () => void {
  try {
    const watcher = watch(nativePath(path), { persistent: false, encoding: "buffer" }, (_event, name) =>
      handler(name === null ? undefined : nameOf(name)),
    );
    watcher.on("error", () => {
      watcher.close();
      handler(undefined);
    });
    return () => watcher.close();
  } catch (cause) {
    throw outsideError(cause, `watch ${path}`);
  }
}
