/** Links, owners and access lists over simulated disks. Nothing can be watched: who watches must look again. */
import { type FileAttributes, OutsideError } from "../base/outside.ts";
import { type Disk, type Inode, normalPath } from "./disk.ts";
import type { FileCall, PairCall } from "./files.ts";

/** How calls are made, and their time stamps in wall milliseconds. */
export interface AttributeCalls {
  readonly call: FileCall;
  readonly both: PairCall;
  readonly wall: () => number;
}

/** Of one process, which is root. */
export function openAttributes({ call, both, wall }: AttributeCalls): FileAttributes {
  const change = (name: string, path: string, effect: (inode: Inode) => void): Promise<void> =>
    call(name, path, true, (disk, full) => {
      const inode = disk.existing(full);
      effect(inode);
      inode.changed = wall();
    });
  return {
    readLink: (path) =>
      call("readLink", path, false, (disk, full) => {
        const inode = disk.existing(full);
        if (inode.kind !== "link") throw new OutsideError("EINVAL", full);
        return inode.target;
      }),
    makeLink: (target, path) =>
      call("makeLink", path, true, (disk, full) => {
        disk.create(full, "link", 0o777, wall(), target);
      }),
    realPath: (path) => call("realPath", path, false, realPath),
    // Nobody else works on a simulated disk between two steps of a removal, so the path itself will do.
    holdFolder: async (path, work) => {
      await call("holdFolder", path, false, (disk, full) => {
        const { kind } = disk.existing(full);
        if (kind !== "folder") throw new OutsideError(kind === "link" ? "ELOOP" : "ENOTDIR", full);
      });
      return work(path);
    },
    exchange: (a, b) => both("exchange", a, b, (disk, one, other) => disk.exchange(one, other, wall())),
    mayChangeOwners: () => true,
    setOwner: (path, owner, group) => change("setOwner", path, (inode) => Object.assign(inode, { owner, group })),
    readAcl: (path, kind) => call("readAcl", path, false, (disk, full) => disk.existing(full).acl.get(kind)),
    setAcl: (path, kind, acl) => change("setAcl", path, (inode) => inode.acl.set(kind, acl.slice())),
    watchFolder: (path) => {
      throw new OutsideError("ENOSYS", `${path}: simulated folders can't be watched`);
    },
  };
}

const mostLinks = 40;

function realPath(disk: Disk, path: string): string {
  let rest = path.split("/").filter((part) => part !== "");
  let real = "";
  for (let links = 0; rest.length > 0; ) {
    const [name = "", ...after] = rest;
    const inode = disk.existing(`${real}/${name}`);
    if (inode.kind !== "link") {
      real = `${real}/${name}`;
      rest = after;
      continue;
    }
    if (++links > mostLinks) throw new OutsideError("ELOOP", path);
    const target = inode.target.startsWith("/") ? inode.target : `${real}/${inode.target}`;
    rest = [
      ...normalPath(target)
        .split("/")
        .filter((part) => part !== ""),
      ...after,
    ];
    real = "";
  }
  return real === "" ? "/" : real;
}
