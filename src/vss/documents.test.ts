import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../base/errors.ts";
import { readBackupComponents, writeBackupComponents } from "./backup-components-xml.ts";
import type { BackupComponent, BackupComponentsDocument } from "./component.ts";
import * as enumerations from "./enumerations.ts";
import type { ComponentMetadata, FileSet, WriterMetadata } from "./metadata.ts";
import { fullPathOf } from "./metadata-builder.ts";
import { writerErrorNames } from "./session-writer.ts";
import { readWriterMetadata, writeWriterMetadata } from "./writer-metadata-xml.ts";
import { longestDocument } from "./xml.ts";

/** Any string of UTF-16 units, also what XML does not allow, and what looks like an escape. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom("_x005F_", "_x0", "001_", "_", "\u0001", "x", "&amp;", "\r\n", "\t", "<", '"', "]]>"))
    .map((each) => each.join("")),
);
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const guid = fc.uuid();
const flag = fc.boolean();
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const valueOf = <T extends number>(enumeration: Readonly<Record<string, T>>): fc.Arbitrary<T> =>
  fc.constantFrom(...Object.values(enumeration));
const optional = <K extends string, T>(name: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [each in K]?: T }> =>
  fc.oneof(
    fc.constant({}),
    value.map((each) => ({ [name]: each }) as { [one in K]?: T }),
  );
const merged = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([one, other]) => ({ ...one, ...other }));

const logicalPath = fc.option(text, { nil: undefined });
const plainFiles = record({ path: text, fileSpec: text, recursive: flag });
const fileSet: fc.Arbitrary<FileSet> = merged(plainFiles, optional("alternatePath", text));
const fileSets = fc.array(fileSet, { maxLength: 2 });
const componentName = record({ logicalPath, componentName: text });

const uniqueComponents = <T extends { componentType: number; logicalPath: string | undefined; componentName: string }>(
  one: fc.Arbitrary<T>,
  minLength: number,
): fc.Arbitrary<T[]> =>
  fc.uniqueArray(one, {
    minLength,
    maxLength: 4,
    selector: (each) => `${each.componentType} ${fullPathOf(each).toUpperCase()}`,
  });

const componentMetadata: fc.Arbitrary<ComponentMetadata> = merged(
  record({
    componentType: valueOf(enumerations.componentType),
    logicalPath,
    componentName: text,
    restoreMetadata: flag,
    notifyOnBackupComplete: flag,
    selectable: flag,
    selectableForRestore: flag,
    componentFlags: u32,
    fileGroupFiles: fileSets,
    databaseFiles: fileSets,
    databaseLogFiles: fileSets,
    dependencies: fc.array(record({ writerId: guid, logicalPath, componentName: text }), { maxLength: 2 }),
  }),
  optional("caption", text),
);

const writerMetadata: fc.Arbitrary<WriterMetadata> = merged(
  record({
    writerId: guid,
    instanceId: guid,
    writerName: text,
    usage: valueOf(enumerations.usageType),
    source: valueOf(enumerations.sourceType),
    restoreMethod: fc.option(
      merged(
        record({
          method: valueOf(enumerations.restoreMethod),
          writerRestore: valueOf(enumerations.writerRestore),
          rebootRequired: flag,
        }),
        merged(optional("service", text), optional("userProcedure", text)),
      ),
      { nil: undefined },
    ),
    backupSchema: fc
      .subarray(Object.values(enumerations.backupSchema))
      .map((bits) => bits.reduce((a: number, b) => a | b, 0)),
    excludeFiles: fileSets,
    alternateLocations: fc.array(record({ path: text, fileSpec: text, recursive: flag, alternatePath: text }), {
      maxLength: 2,
    }),
    components: uniqueComponents(componentMetadata, 1),
  }),
  optional("instanceName", text),
);

const component: fc.Arbitrary<BackupComponent> = merged(
  record({
    componentType: valueOf(enumerations.componentType),
    logicalPath,
    componentName: text,
    selectedForRestore: flag,
    additionalRestores: flag,
    authoritativeRestore: flag,
    restoreTarget: valueOf(enumerations.restoreTarget),
    fileRestoreStatus: valueOf(enumerations.fileRestoreStatus),
    newTargets: fileSets,
    restoreSubcomponents: fc.array(componentName, { maxLength: 2 }),
    failureMessages: merged(
      optional("prepareForBackup", text),
      merged(optional("postSnapshot", text), optional("preRestore", text)),
    ),
  }),
  merged(
    merged(optional("backupOptions", text), optional("restoreMetadata", text)),
    merged(
      merged(optional("backupSucceeded", flag), optional("backupStamp", text)),
      optional(
        "failure",
        record({ name: fc.constantFrom(...writerErrorNames), applicationResult: u32, message: text }),
      ),
    ),
  ),
);

const backupComponents: fc.Arbitrary<BackupComponentsDocument> = record({
  backupState: record({
    selectComponents: flag,
    bootableSystemState: flag,
    backupType: valueOf(enumerations.backupType),
    partialFileSupport: flag,
  }),
  restoreType: valueOf(enumerations.restoreType),
  snapshotSetId: fc.option(guid, { nil: undefined }),
  snapshots: fc.array(record({ snapshotId: guid, providerId: guid, originalVolume: text }), { maxLength: 3 }),
  writers: fc.uniqueArray(
    record({ writerId: guid, instanceId: guid, writerName: text, components: uniqueComponents(component, 0) }),
    { maxLength: 3, selector: (each) => each.instanceId },
  ),
});

test("a writer metadata document reads as it was written", () => {
  fc.assert(
    fc.property(writerMetadata, (metadata) =>
      assert.deepEqual(readWriterMetadata(writeWriterMetadata(metadata)), metadata),
    ),
  );
});

test("a backup components document reads as it was written", () => {
  fc.assert(
    fc.property(backupComponents, (document) =>
      assert.deepEqual(readBackupComponents(writeBackupComponents(document)), document),
    ),
  );
});

const codes = new Set(["VSS_E_CORRUPT_XML_DOCUMENT", "VSS_E_INVALID_XML_DOCUMENT"]);

function refuses(read: () => unknown, name?: string): void {
  assert.throws(
    read,
    (error) => error instanceof Failure && (name === undefined ? codes.has(error.name) : error.name === name),
  );
}

test("whatever is changed in a document, it reads or is refused with its code", () => {
  const change = record({
    at: fc.nat(),
    remove: fc.nat({ max: 40 }),
    insert: fc.oneof(text, fc.constantFrom("<", ">", "&#0;", "<!--", '"')),
  });
  fc.assert(
    fc.property(
      writerMetadata,
      backupComponents,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (metadata, document, changes) => {
        const broken = (whole: string): string =>
          changes.reduce((now, { at, remove, insert }) => {
            const place = at % (now.length + 1);
            return now.slice(0, place) + insert + now.slice(place + remove);
          }, whole);
        for (const read of [
          () => readWriterMetadata(broken(writeWriterMetadata(metadata))),
          () => readBackupComponents(broken(writeBackupComponents(document))),
        ]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof Failure && codes.has(error.name), String(error));
          }
        }
      },
    ),
  );
});

const example = writeBackupComponents({
  backupState: { selectComponents: true, bootableSystemState: false, backupType: 1, partialFileSupport: false },
  restoreType: 0,
  snapshotSetId: undefined,
  snapshots: [],
  writers: [],
});

test("what is not well-formed is damaged; what is, but is not ours, is invalid", () => {
  const corrupt = "VSS_E_CORRUPT_XML_DOCUMENT";
  const invalid = "VSS_E_INVALID_XML_DOCUMENT";
  for (const part of [
    "",
    "no XML",
    example.slice(0, -5),
    example.replace('version="1.2"', 'version="1.2'),
    `${example}<more/>`,
  ])
    refuses(() => readBackupComponents(part), corrupt);
  refuses(() => readBackupComponents("<a/>"), invalid);
  refuses(() => readWriterMetadata(example), invalid);
  refuses(() => readBackupComponents(example.replace('version="1.2"', 'version="9.9"')), invalid);
  refuses(() => readBackupComponents(example.replace('selectComponents="yes"', "")), invalid);
  refuses(() => readBackupComponents(example.replace('"yes"', '"perhaps"')), invalid);
  refuses(() => readBackupComponents(example.replace('"FULL"', '"constructor"')), invalid);
  refuses(() => readBackupComponents(example.replace("/>", ' more="1"/>')), invalid);
  refuses(() => readBackupComponents(example.replace("/>", "><MORE/></BACKUP_COMPONENTS>")), invalid);
  refuses(() => readBackupComponents(example.replace("/>", ">text</BACKUP_COMPONENTS>")), invalid);
});

test("no entity is expanded and no document type is read", () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`;
  refuses(() => readBackupComponents(example.replace("?>", `?>${bomb}`)), "VSS_E_INVALID_XML_DOCUMENT");
  refuses(() => readBackupComponents(example.replace('"FULL"', '"&b;"')), "VSS_E_CORRUPT_XML_DOCUMENT");
  const outside = `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>`;
  refuses(() => readBackupComponents(example.replace("?>", `?>${outside}`)));
});

test("documents that are too deep or too long are refused", () => {
  refuses(() => readBackupComponents(`${"<a>".repeat(200_000)}${"</a>".repeat(200_000)}`));
  refuses(() =>
    readBackupComponents(`${example.replace("/>", ">")}${"<a>".repeat(30)}${"</a>".repeat(30)}</BACKUP_COMPONENTS>`),
  );
  refuses(() => readBackupComponents(" ".repeat(longestDocument + 1)), "VSS_E_INVALID_XML_DOCUMENT");
});

test("a component stands once in a writer", () => {
  const rest = `selectedForRestore="no" additionalRestores="no" authoritativeRestore="no" restoreTarget="ORIGINAL"`;
  const component = (name: string): string =>
    `<COMPONENT componentType="FILEGROUP" componentName="${name}" ${rest} fileRestoreStatus="NONE"/>`;
  const head = `writerId="00000000-0000-4000-8000-000000000000" instanceId="00000000-0000-4000-8000-000000000001"`;
  const writer = (names: readonly string[]): string => {
    const inside = `<WRITER_COMPONENTS ${head} writerName="w">${names.map(component).join("")}</WRITER_COMPONENTS>`;
    return example.replace("/>", `>${inside}</BACKUP_COMPONENTS>`);
  };
  assert.equal(readBackupComponents(writer(["a", "b"])).writers[0]?.components.length, 2);
  refuses(() => readBackupComponents(writer(["a", "A"])), "VSS_E_INVALID_XML_DOCUMENT");
});
