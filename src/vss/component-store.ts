/** The backup components document while a session changes it. */
import { fail } from "../base/errors.ts";
import type { BackupComponent, BackupComponentsDocument, WriterComponents } from "./component.ts";
import { fileRestoreStatus, restoreTarget, type ComponentType } from "./enumerations.ts";
import { fullPathOf, sameComponent } from "./metadata-builder.ts";
import type { ComponentName } from "./metadata.ts";

/** A component is named by this within a writer. */
export interface ComponentKey extends ComponentName {
  readonly componentType: ComponentType;
}

/** Fields that a change may set. */
export type ComponentPatch = Partial<Omit<BackupComponent, keyof ComponentKey>>;

/** The explicitly included components of all writers. */
export class ComponentStore {
  #writers: readonly WriterComponents[];

  constructor(writers: BackupComponentsDocument["writers"] = []) {
    this.#writers = writers;
  }

  all(): readonly WriterComponents[] {
    return this.#writers;
  }

  /** Of one instance of a writer; empty when none is included. */
  of(instanceId: string): readonly BackupComponent[] {
    return this.#writers.find((each) => each.instanceId === instanceId)?.components ?? [];
  }

  /** Includes a component. Throws VSS_E_OBJECT_ALREADY_EXISTS. */
  add(writer: Omit<WriterComponents, "components">, key: ComponentKey): void {
    const known = this.#writers.find((each) => each.instanceId === writer.instanceId);
    if (known?.components.some((each) => isSame(each, key)) === true) {
      throw fail("VSS_E_OBJECT_ALREADY_EXISTS", {
        happened: `Component ${fullPathOf(key)} of ${writer.writerName} is included already.`,
        unchanged: "Nothing was changed.",
      });
    }
    const added = newComponent(key);
    this.#writers =
      known === undefined
        ? [...this.#writers, { ...writer, components: [added] }]
        : this.#writers.map((each) => (each === known ? { ...each, components: [...each.components, added] } : each));
  }

  /** Throws VSS_E_OBJECT_NOT_FOUND when the component is not included. */
  find(instanceId: string, key: ComponentKey): BackupComponent {
    const found = this.of(instanceId).find((each) => isSame(each, key));
    if (found !== undefined) return found;
    throw fail("VSS_E_OBJECT_NOT_FOUND", {
      happened: `The backup components document has no component ${fullPathOf(key)} of that writer.`,
      unchanged: "Nothing was changed.",
    });
  }

  change(instanceId: string, key: ComponentKey, patch: ComponentPatch): void {
    const found = this.find(instanceId, key);
    this.#writers = this.#writers.map((each) =>
      each.instanceId === instanceId
        ? { ...each, components: each.components.map((one) => (one === found ? { ...one, ...patch } : one)) }
        : each,
    );
  }
}

/** A component as it is when it is included. */
export function newComponent({ componentType, logicalPath, componentName }: ComponentKey): BackupComponent {
  return {
    componentType,
    logicalPath,
    componentName,
    selectedForRestore: false,
    additionalRestores: false,
    authoritativeRestore: false,
    restoreTarget: restoreTarget.UNDEFINED,
    fileRestoreStatus: fileRestoreStatus.UNDEFINED,
    newTargets: [],
    restoreSubcomponents: [],
    failureMessages: {},
  };
}

function isSame(a: ComponentKey, b: ComponentKey): boolean {
  return a.componentType === b.componentType && sameComponent(a, b);
}
