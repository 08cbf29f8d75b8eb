/** Which components of a writer may, must and need not be included. */
import { fail } from "../base/errors.ts";
import type { ComponentKey } from "./component-store.ts";
import { fullPathOf, sameComponent } from "./metadata-builder.ts";
import type { ComponentMetadata, ComponentName, WriterMetadata } from "./metadata.ts";

/** Whether `below` lies in the component set of `above`: its logical path begins with the full path of `above`. */
export function isAncestor(above: ComponentName, below: ComponentName): boolean {
  const path = (below.logicalPath ?? "").toUpperCase();
  const top = fullPathOf(above).toUpperCase();
  return path === top || path.startsWith(`${top}\\`);
}

/** The component of the writer metadata document. Throws VSS_E_OBJECT_NOT_FOUND. */
export function componentOf(metadata: WriterMetadata, key: ComponentKey): ComponentMetadata {
  const found = metadata.components.find(
    (each) => each.componentType === key.componentType && sameComponent(each, key),
  );
  if (found !== undefined) return found;
  throw fail("VSS_E_OBJECT_NOT_FOUND", {
    happened: `Writer ${metadata.writerName} has no component ${fullPathOf(key)} of that type.`,
    unchanged: "Nothing was changed.",
  });
}

/** Throws INVALID_PARAMETER for a component that comes with its selectable ancestor and is never included explicitly. */
export function needIncludable(metadata: WriterMetadata, key: ComponentKey): void {
  const component = componentOf(metadata, key);
  if (component.selectable) return;
  const above = metadata.components.find((each) => each.selectable && isAncestor(each, component));
  if (above === undefined) return;
  throw fail("INVALID_PARAMETER", {
    happened: `Component ${fullPathOf(component)} of ${metadata.writerName} can't be chosen.`,
    unchanged: "Nothing was changed.",
    next: `Include ${fullPathOf(above)}: it comes with that.`,
  });
}

/** Throws INVALID_PARAMETER when components of the writer are included but one that must come with any of them is not. */
export function needComplete(metadata: WriterMetadata, included: readonly ComponentKey[]): void {
  if (included.length === 0) return;
  const missing = metadata.components.find(
    (component) =>
      !component.selectable &&
      !metadata.components.some((each) => each.selectable && isAncestor(each, component)) &&
      !included.some((each) => each.componentType === component.componentType && sameComponent(each, component)),
  );
  if (missing === undefined) return;
  throw fail("INVALID_PARAMETER", {
    happened: `Component ${fullPathOf(missing)} of ${metadata.writerName} must be included when any of its components is.`,
    unchanged: "No writer was told to prepare.",
    next: "Include it by addComponent.",
  });
}
