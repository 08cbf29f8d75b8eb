/** The backup components document. docs/formats/vss-documents.md. */
import type {
  BackupComponent,
  BackupComponentsDocument,
  ComponentFailure,
  DocumentSnapshot,
  FailureMessagePlace,
  WriterComponents,
} from "./component.ts";
import { backupType, componentType, fileRestoreStatus, nameOf, restoreTarget, restoreType } from "./enumerations.ts";
import { fileSetElement, readFileSet } from "./file-set-xml.ts";
import { sameComponent } from "./metadata-builder.ts";
import type { ComponentName } from "./metadata.ts";
import { writerErrorNames } from "./session-writer.ts";
import { needVersion } from "./writer-metadata-xml.ts";
import { element, invalid, readXml, writeXml, type Element } from "./xml.ts";
import { Fields, yesNo } from "./xml-fields.ts";

const namespace = "x-schema:#VssComponentMetadata";
const version = "1.2";

const texts = [
  "backupOptions",
  "restoreOptions",
  "backupMetadata",
  "restoreMetadata",
  "backupStamp",
  "previousBackupStamp",
  "restoreName",
] as const;
const places: readonly FailureMessagePlace[] = ["prepareForBackup", "postSnapshot", "preRestore", "postRestore"];

/** The document of one backup. */
export function writeBackupComponents(document: BackupComponentsDocument): string {
  const { backupState: state } = document;
  const attributes = {
    xmlns: namespace,
    version,
    selectComponents: yesNo(state.selectComponents),
    bootableSystemStateBackup: yesNo(state.bootableSystemState),
    backupType: nameOf(backupType, state.backupType),
    partialFileSupport: yesNo(state.partialFileSupport),
    restoreType: nameOf(restoreType, document.restoreType),
    snapshotSetId: document.snapshotSetId,
  };
  return writeXml(
    element("BACKUP_COMPONENTS", attributes, [
      ...document.snapshots.map((each) => element("SNAPSHOT_DESCRIPTION", { ...each })),
      ...document.writers.map(({ components, ...writer }) =>
        element("WRITER_COMPONENTS", writer, components.map(componentElement)),
      ),
    ]),
  );
}

/** Throws VSS_E_CORRUPT_XML_DOCUMENT, VSS_E_INVALID_XML_DOCUMENT. */
export function readBackupComponents(text: string): BackupComponentsDocument {
  const root = new Fields(readXml(text), "BACKUP_COMPONENTS");
  needVersion(root, namespace, version);
  const document: BackupComponentsDocument = {
    backupState: {
      selectComponents: root.flag("selectComponents"),
      bootableSystemState: root.flag("bootableSystemStateBackup"),
      backupType: root.oneOf("backupType", backupType),
      partialFileSupport: root.flag("partialFileSupport"),
    },
    restoreType: root.oneOf("restoreType", restoreType),
    snapshotSetId: root.optional("snapshotSetId") === undefined ? undefined : root.guid("snapshotSetId"),
    snapshots: root.children("SNAPSHOT_DESCRIPTION").map(readSnapshot),
    writers: root.children("WRITER_COMPONENTS").map(readWriter),
  };
  root.finish();
  const instances = document.writers.map((each) => each.instanceId);
  if (new Set(instances).size < instances.length) throw invalid("it names a writer's instance twice");
  return document;
}

function readSnapshot(from: Element): DocumentSnapshot {
  const fields = new Fields(from);
  const snapshot = {
    snapshotId: fields.guid("snapshotId"),
    providerId: fields.guid("providerId"),
    originalVolume: fields.text("originalVolume"),
  };
  fields.finish();
  return snapshot;
}

function readWriter(from: Element): WriterComponents {
  const fields = new Fields(from);
  const writer = {
    writerId: fields.guid("writerId"),
    instanceId: fields.guid("instanceId"),
    writerName: fields.text("writerName"),
    components: fields.children("COMPONENT").map(readComponent),
  };
  fields.finish();
  const twice = writer.components.find((each, at) =>
    writer.components.some(
      (other, index) => index < at && other.componentType === each.componentType && sameComponent(other, each),
    ),
  );
  if (twice !== undefined) throw invalid(`it names component ${twice.componentName.slice(0, 60)} twice`);
  return writer;
}

function componentElement(component: BackupComponent): Element {
  const { logicalPath, componentName, backupSucceeded, failureMessages, failure } = component;
  const attributes = {
    componentType: nameOf(componentType, component.componentType),
    logicalPath,
    componentName,
    backupSucceeded: backupSucceeded === undefined ? undefined : yesNo(backupSucceeded),
    selectedForRestore: yesNo(component.selectedForRestore),
    additionalRestores: yesNo(component.additionalRestores),
    authoritativeRestore: yesNo(component.authoritativeRestore),
    restoreTarget: nameOf(restoreTarget, component.restoreTarget),
    fileRestoreStatus: nameOf(fileRestoreStatus, component.fileRestoreStatus),
    ...Object.fromEntries(texts.map((name) => [name, component[name]])),
  };
  return element("COMPONENT", attributes, [
    ...component.newTargets.map((each) => fileSetElement("NEW_TARGET", each)),
    ...component.restoreSubcomponents.map((each) => element("RESTORE_SUBCOMPONENT", { ...each })),
    ...places.flatMap((place) => {
      const message = failureMessages[place];
      return message === undefined ? [] : [element("FAILURE_MESSAGE", { place, message })];
    }),
    ...(failure === undefined
      ? []
      : [element("FAILURE", { ...failure, applicationResult: String(failure.applicationResult) })]),
  ]);
}

function readComponent(from: Element): BackupComponent {
  const fields = new Fields(from);
  const backupSucceeded = fields.optionalFlag("backupSucceeded");
  const failure = fields.child("FAILURE");
  const component: BackupComponent = {
    componentType: fields.oneOf("componentType", componentType),
    logicalPath: fields.optional("logicalPath"),
    componentName: fields.text("componentName"),
    ...(backupSucceeded === undefined ? {} : { backupSucceeded }),
    selectedForRestore: fields.flag("selectedForRestore"),
    additionalRestores: fields.flag("additionalRestores"),
    authoritativeRestore: fields.flag("authoritativeRestore"),
    restoreTarget: fields.oneOf("restoreTarget", restoreTarget),
    fileRestoreStatus: fields.oneOf("fileRestoreStatus", fileRestoreStatus),
    ...Object.fromEntries(
      texts.flatMap((name) => {
        const text = fields.optional(name);
        return text === undefined ? [] : [[name, text] as const];
      }),
    ),
    newTargets: fields.children("NEW_TARGET").map(readFileSet),
    restoreSubcomponents: fields.children("RESTORE_SUBCOMPONENT").map(readName),
    failureMessages: readMessages(fields.children("FAILURE_MESSAGE")),
    ...(failure === undefined ? {} : { failure: readFailure(failure) }),
  };
  fields.finish();
  return component;
}

function readName(from: Element): ComponentName {
  const fields = new Fields(from);
  const name = { logicalPath: fields.optional("logicalPath"), componentName: fields.text("componentName") };
  fields.finish();
  return name;
}

function readMessages(from: readonly Element[]): BackupComponent["failureMessages"] {
  const messages: Partial<Record<FailureMessagePlace, string>> = {};
  for (const each of from) {
    const fields = new Fields(each);
    const place = places.find((one) => one === fields.text("place"));
    if (place === undefined || messages[place] !== undefined)
      throw invalid("a failure message has no place of its own");
    messages[place] = fields.text("message");
    fields.finish();
  }
  return messages;
}

function readFailure(from: Element): ComponentFailure {
  const fields = new Fields(from);
  const said = fields.text("name");
  const name = writerErrorNames.find((each) => each === said);
  if (name === undefined) throw invalid(`"${said.slice(0, 60)}" is no error of a writer`);
  const failure = { name, applicationResult: fields.number("applicationResult"), message: fields.text("message") };
  fields.finish();
  return failure;
}
