/** Builds a writer metadata document from what a writer says in Identify. */
import { fail } from "../base/errors.ts";
import { backupSchema, componentType, nameOf, restoreMethod, writerRestore } from "./enumerations.ts";
import type {
  AlternateLocation,
  ComponentDependency,
  ComponentMetadata,
  ComponentName,
  CreateWriterMetadata,
  FileSet,
  NewComponent,
  RestoreMethodSpec,
  WriterIdentity,
  WriterMetadata,
} from "./metadata.ts";

/** A builder and its result. */
export interface MetadataBuilder {
  readonly metadata: CreateWriterMetadata;
  /** Ends it: later calls throw VSS_E_BAD_STATE. Throws INVALID_PARAMETER when there is no component. */
  finish(): WriterMetadata;
}

/** Begins the document of one writer. */
export function buildWriterMetadata(identity: WriterIdentity, instanceId: string): MetadataBuilder {
  const builder = new Builder(identity, instanceId);
  return { metadata: builder, finish: () => builder.finish() };
}

/** Names of components are told apart as Windows does, without case. */
export function sameComponent(a: ComponentName, b: ComponentName): boolean {
  return fullPathOf(a).toUpperCase() === fullPathOf(b).toUpperCase();
}

/** Logical path and name in one. */
export function fullPathOf({ logicalPath, componentName }: ComponentName): string {
  return logicalPath === undefined || logicalPath === "" ? componentName : `${logicalPath}\\${componentName}`;
}

type Lists = "fileGroupFiles" | "databaseFiles" | "databaseLogFiles";

class Builder implements CreateWriterMetadata {
  readonly #identity: WriterIdentity;
  readonly #instanceId: string;
  #components: ComponentMetadata[] = [];
  readonly #excluded: FileSet[] = [];
  readonly #alternates: AlternateLocation[] = [];
  #method: RestoreMethodSpec | undefined;
  #schema = 0;
  #finished = false;

  constructor(identity: WriterIdentity, instanceId: string) {
    this.#identity = identity;
    this.#instanceId = instanceId;
  }

  addComponent(component: NewComponent): void {
    this.#needOpen();
    if (component.componentName === "") throw this.#wrong("a component has no name");
    const { DATABASE, FILEGROUP } = componentType;
    if (component.componentType !== DATABASE && component.componentType !== FILEGROUP)
      throw this.#wrong(`component ${fullPathOf(component)} is neither DATABASE nor FILEGROUP`);
    const same = this.#components.some(
      (each) => each.componentType === component.componentType && sameComponent(each, component),
    );
    if (same) {
      throw fail("VSS_E_OBJECT_ALREADY_EXISTS", {
        happened: `Writer ${this.#identity.writerName} names component ${fullPathOf(component)} twice.`,
        next: "Name and type of a component must be its own in the writer.",
      });
    }
    this.#components.push({
      restoreMetadata: false,
      notifyOnBackupComplete: false,
      selectable: true,
      selectableForRestore: true,
      componentFlags: 0,
      ...component,
      ...(component.componentFlags === undefined ? {} : { componentFlags: component.componentFlags >>> 0 }),
      fileGroupFiles: [],
      databaseFiles: [],
      databaseLogFiles: [],
      dependencies: [],
    });
  }

  addFilesToFileGroup(group: ComponentName, files: FileSet): void {
    this.#addFiles(group, componentType.FILEGROUP, "fileGroupFiles", files);
  }

  addDatabaseFiles(database: ComponentName, files: FileSet): void {
    this.#addFiles(database, componentType.DATABASE, "databaseFiles", files);
  }

  addDatabaseLogFiles(database: ComponentName, files: FileSet): void {
    this.#addFiles(database, componentType.DATABASE, "databaseLogFiles", files);
  }

  addComponentDependency(of: ComponentName, on: ComponentDependency): void {
    this.#change(
      of,
      () => true,
      (each) => ({ ...each, dependencies: [...each.dependencies, on] }),
    );
  }

  addExcludeFiles(files: FileSet): void {
    this.#needOpen();
    this.#excluded.push(this.#checked(files));
  }

  addAlternateLocationMapping(files: AlternateLocation): void {
    this.#needOpen();
    const known = this.#components
      .flatMap((each) => [...each.fileGroupFiles, ...each.databaseFiles, ...each.databaseLogFiles])
      .some(
        (each) => each.path === files.path && each.fileSpec === files.fileSpec && each.recursive === files.recursive,
      );
    if (!known) throw this.#wrong(`the alternate location of ${files.path}/${files.fileSpec} equals no file set`);
    this.#alternates.push(files);
  }

  setRestoreMethod(method: RestoreMethodSpec): void {
    this.#needOpen();
    const { STOP_RESTORE_START, RESTORE_STOP_START, UNDEFINED } = restoreMethod;
    const name = nameOf(restoreMethod, method.method);
    if (method.method === UNDEFINED) throw this.#wrong("the restore method is undefined");
    if (method.writerRestore === writerRestore.UNDEFINED)
      throw this.#wrong("it is undefined whether the writer restores");
    const needsService = method.method === STOP_RESTORE_START || method.method === RESTORE_STOP_START;
    if (needsService && (method.service ?? "") === "") throw this.#wrong(`${name} names no service`);
    this.#method = method;
  }

  setBackupSchema(mask: number): void {
    this.#needOpen();
    const known = Object.values(backupSchema).reduce((all: number, each) => all | each, 0);
    if ((mask & ~known) !== 0) throw this.#wrong(`the backup schema 0x${mask.toString(16)} has unknown bits`);
    this.#schema = mask;
  }

  finish(): WriterMetadata {
    this.#needOpen();
    if (this.#components.length === 0) throw this.#wrong("it has no component");
    this.#finished = true;
    return {
      ...this.#identity,
      instanceId: this.#instanceId,
      restoreMethod: this.#method,
      backupSchema: this.#schema,
      excludeFiles: this.#excluded,
      alternateLocations: this.#alternates,
      components: this.#components,
    };
  }

  #addFiles(name: ComponentName, type: number, list: Lists, files: FileSet): void {
    const checked = this.#checked(files);
    this.#change(
      name,
      (each) => each.componentType === type,
      (each) => ({ ...each, [list]: [...each[list], checked] }),
    );
  }

  #change(
    name: ComponentName,
    fits: (each: ComponentMetadata) => boolean,
    change: (each: ComponentMetadata) => ComponentMetadata,
  ): void {
    this.#needOpen();
    const index = this.#components.findIndex((each) => fits(each) && sameComponent(each, name));
    const found = this.#components[index];
    if (found === undefined) {
      throw fail("VSS_E_OBJECT_NOT_FOUND", {
        happened: `Writer ${this.#identity.writerName} has no component ${fullPathOf(name)} of that type.`,
        next: "Add the component first.",
      });
    }
    this.#components = this.#components.with(index, change(found));
  }

  #checked(files: FileSet): FileSet {
    if (!files.path.startsWith("/")) throw this.#wrong(`the path ${files.path} of a file set is not absolute`);
    if (files.fileSpec === "" || files.fileSpec.includes("/"))
      throw this.#wrong(`"${files.fileSpec}" is no name of files`);
    return files;
  }

  #needOpen(): void {
    if (!this.#finished) return;
    throw fail("VSS_E_BAD_STATE", {
      happened: `Writer ${this.#identity.writerName} changes its metadata after Identify.`,
      next: "Change it in the next Identify.",
    });
  }

  #wrong(why: string): Error {
    return fail("INVALID_PARAMETER", { happened: `In the metadata of writer ${this.#identity.writerName} ${why}.` });
  }
}
