import { usage } from "./exit.ts";

/** `HKLM\SOFTWARE\X` → `SOFTWARE\X`; the root may be left out. A node has no other root (exit 2). */
export function registryPath(text: string): string {
  const full = text.replace(/\\+$/, "");
  const match = /^(HKEY_LOCAL_MACHINE|HKLM)(?:\\(.*))?$/is.exec(full);
  if (match !== null) return match[2] ?? "";
  if (/^(HK[A-Z]{1,3}|HKEY_\w+)(\\|$)/i.test(full))
    throw usage(`A node's registry has only HKEY_LOCAL_MACHINE; "${text}" is not below it.`);
  return full;
}
