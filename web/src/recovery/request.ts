import type { Scope } from "./scope-step.tsx";

/** The body of a question to the recovery routes. */
export function requestOf({ all, resource, deleteFirst }: Scope): object {
  return { ...(all ? { all: true } : { resources: [resource.trim()] }), deleteFirst };
}
