/** The writer metadata document. docs/formats/vss-documents.md. */
import {
  backupSchema,
  componentType,
  nameOf,
  restoreMethod,
  sourceType,
  usageType,
  writerRestore,
} from "./enumerations.ts";
import { fileSetElement, readFileSet } from "./file-set-xml.ts";
import { sameComponent } from "./metadata-builder.ts";
import type {
  AlternateLocation,
  ComponentDependency,
  ComponentMetadata,
  RestoreMethodSpec,
  WriterMetadata,
} from "./metadata.ts";
import { element, invalid, readXml, writeXml, type Element } from "./xml.ts";
import { Fields, yesNo } from "./xml-fields.ts";

const namespace = "x-schema:#VssWriterMetadataInfo";
const version = "1.2";

/** The document of one writer. */
export function writeWriterMetadata(metadata: WriterMetadata): string {
  const { writerId, instanceId, writerName, instanceName, usage, source, restoreMethod: method } = metadata;
  const identification = element("IDENTIFICATION", {
    writerId,
    instanceId,
    friendlyName: writerName,
    instanceName,
    usage: nameOf(usageType, usage),
    dataSource: nameOf(sourceType, source),
  });
  return writeXml(
    element("WRITER_METADATA", { xmlns: namespace, version, backupSchema: String(metadata.backupSchema) }, [
      identification,
      ...(method === undefined ? [] : [methodElement(method)]),
      ...metadata.alternateLocations.map((each) => fileSetElement("ALTERNATE_LOCATION_MAPPING", each)),
      element("BACKUP_LOCATIONS", {}, [
        ...metadata.excludeFiles.map((each) => fileSetElement("EXCLUDE_FILES", each)),
        ...metadata.components.map(componentElement),
      ]),
    ]),
  );
}

/** Throws VSS_E_CORRUPT_XML_DOCUMENT, VSS_E_INVALID_XML_DOCUMENT. */
export function readWriterMetadata(text: string): WriterMetadata {
  const root = new Fields(readXml(text), "WRITER_METADATA");
  needVersion(root, namespace, version);
  const identification = new Fields(needed(root.child("IDENTIFICATION"), "IDENTIFICATION"));
  const instanceName = identification.optional("instanceName");
  const identity = {
    writerId: identification.guid("writerId"),
    instanceId: identification.guid("instanceId"),
    writerName: identification.text("friendlyName"),
    ...(instanceName === undefined ? {} : { instanceName }),
    usage: identification.oneOf("usage", usageType),
    source: identification.oneOf("dataSource", sourceType),
  };
  identification.finish();
  const method = root.child("RESTORE_METHOD");
  const locations = new Fields(needed(root.child("BACKUP_LOCATIONS"), "BACKUP_LOCATIONS"));
  const metadata: WriterMetadata = {
    ...identity,
    restoreMethod: method === undefined ? undefined : readMethod(method),
    backupSchema: root.number("backupSchema"),
    alternateLocations: root.children("ALTERNATE_LOCATION_MAPPING").map(readAlternate),
    excludeFiles: locations.children("EXCLUDE_FILES").map(readFileSet),
    components: locations.children("COMPONENT").map(readComponent),
  };
  locations.finish();
  root.finish();
  checkMetadata(metadata);
  return metadata;
}

/** Both documents name their schema and version at the root. */
export function needVersion(root: Fields, xmlns: string, known: string): void {
  if (root.text("xmlns") !== xmlns) throw invalid("it has another schema");
  const found = root.text("version");
  if (found !== known) throw invalid(`it has version ${found.slice(0, 20)}, and this clubar reads ${known}`);
}

function needed(found: Element | undefined, name: string): Element {
  if (found === undefined) throw invalid(`it has no ${name}`);
  return found;
}

function methodElement({
  method,
  service,
  userProcedure,
  writerRestore: when,
  rebootRequired,
}: RestoreMethodSpec): Element {
  return element("RESTORE_METHOD", {
    method: nameOf(restoreMethod, method),
    service,
    userProcedure,
    writerRestore: nameOf(writerRestore, when),
    rebootRequired: yesNo(rebootRequired),
  });
}

function readMethod(from: Element): RestoreMethodSpec {
  const fields = new Fields(from);
  const [service, userProcedure] = [fields.optional("service"), fields.optional("userProcedure")];
  const method = {
    method: fields.oneOf("method", restoreMethod),
    ...(service === undefined ? {} : { service }),
    ...(userProcedure === undefined ? {} : { userProcedure }),
    writerRestore: fields.oneOf("writerRestore", writerRestore),
    rebootRequired: fields.flag("rebootRequired"),
  };
  fields.finish();
  return method;
}

function readAlternate(from: Element): AlternateLocation {
  const { alternatePath, ...files } = readFileSet(from);
  if (alternatePath === undefined) throw invalid("ALTERNATE_LOCATION_MAPPING lacks alternatePath");
  return { ...files, alternatePath };
}

function componentElement(component: ComponentMetadata): Element {
  return element(
    "COMPONENT",
    {
      componentType: nameOf(componentType, component.componentType),
      logicalPath: component.logicalPath,
      componentName: component.componentName,
      caption: component.caption,
      restoreMetadata: yesNo(component.restoreMetadata),
      notifyOnBackupComplete: yesNo(component.notifyOnBackupComplete),
      selectable: yesNo(component.selectable),
      selectableForRestore: yesNo(component.selectableForRestore),
      componentFlags: String(component.componentFlags),
    },
    [
      ...component.fileGroupFiles.map((each) => fileSetElement("FILE_LIST", each)),
      ...component.databaseFiles.map((each) => fileSetElement("DATABASE_FILES", each)),
      ...component.databaseLogFiles.map((each) => fileSetElement("DATABASE_LOGFILES", each)),
      ...component.dependencies.map((each) => element("DEPENDENCY", { ...each })),
    ],
  );
}

function readComponent(from: Element): ComponentMetadata {
  const fields = new Fields(from);
  const caption = fields.optional("caption");
  const component: ComponentMetadata = {
    componentType: fields.oneOf("componentType", componentType),
    logicalPath: fields.optional("logicalPath"),
    componentName: fields.text("componentName"),
    ...(caption === undefined ? {} : { caption }),
    restoreMetadata: fields.flag("restoreMetadata"),
    notifyOnBackupComplete: fields.flag("notifyOnBackupComplete"),
    selectable: fields.flag("selectable"),
    selectableForRestore: fields.flag("selectableForRestore"),
    componentFlags: fields.number("componentFlags"),
    fileGroupFiles: fields.children("FILE_LIST").map(readFileSet),
    databaseFiles: fields.children("DATABASE_FILES").map(readFileSet),
    databaseLogFiles: fields.children("DATABASE_LOGFILES").map(readFileSet),
    dependencies: fields.children("DEPENDENCY").map(readDependency),
  };
  fields.finish();
  return component;
}

function readDependency(from: Element): ComponentDependency {
  const fields = new Fields(from);
  const dependency = {
    writerId: fields.guid("writerId"),
    logicalPath: fields.optional("logicalPath"),
    componentName: fields.text("componentName"),
  };
  fields.finish();
  return dependency;
}

function checkMetadata({ components, backupSchema: mask }: WriterMetadata): void {
  if (components.length === 0) throw invalid("it has no component");
  const known = Object.values(backupSchema).reduce((all: number, each) => all | each, 0);
  if ((mask & ~known) !== 0) throw invalid(`its backup schema is ${mask}`);
  const twice = components.find((each, at) =>
    components.some(
      (other, index) => index < at && other.componentType === each.componentType && sameComponent(other, each),
    ),
  );
  if (twice !== undefined) throw invalid(`it names component ${twice.componentName.slice(0, 60)} twice`);
}
