/** Which page is shown: what stands behind `#` in the address, its parts encoded. */
import { useEffect, useState } from "preact/hooks";

/** The pages, in the order of the navigation. */
export const pages = ["cluster", "recovery", "checkpoints", "backups"] as const;
/** A page's name. */
export type PageName = (typeof pages)[number];

/** A page and what it shows of it. */
export interface Route {
  readonly page: PageName;
  readonly parts: readonly string[];
}

/** The address of a page. */
export function href(page: PageName, ...parts: readonly string[]): string {
  return `#/${[page, ...parts].map(encodeURIComponent).join("/")}`;
}

/** The page that the address names; the cluster when it names none. */
export function routeOf(hash: string): Route {
  const [name, ...parts] = hash.replace(/^#\//, "").split("/").map(decoded);
  return { page: pages.find((page) => page === name) ?? "cluster", parts };
}

/** The route now; the component is drawn again when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(routeOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
